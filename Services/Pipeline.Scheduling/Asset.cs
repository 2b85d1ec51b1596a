namespace Pipeline.Scheduling;

/// <summary>Data that tasks write and DAGs wait for. It is known by its name; the URI says where it lies.</summary>
public sealed record Asset(string Name, string Uri)
{
    public Asset(string name)
        : this(name, name)
    {
    }

    public string Group { get; init; } = "asset";
}

/// <summary>Which updates make a run: of all of the assets, or of any.</summary>
public sealed record AssetCondition(IReadOnlyList<Asset> Assets, bool IsAll)
{
    /// <summary>Whether the assets that have been updated since the last run are enough for the next.</summary>
    public bool IsMet(IReadOnlySet<string> updated) => IsAll ? Assets.All(asset => updated.Contains(asset.Name)) : Assets.Any(asset => updated.Contains(asset.Name));
}

/// <summary>An asset as the metadata database knows it.</summary>
public sealed record AssetSummary(
    long Id, string Name, string Uri, string Group, DateTimeOffset CreatedAt, IReadOnlyList<string> ScheduledDags, IReadOnlyList<AssetProducer> Producers);

/// <summary>A task that writes an asset.</summary>
public sealed record AssetProducer(string DagId, string TaskId);

/// <summary>One update of an asset.</summary>
/// <param name="SourceDagId">The DAG whose task wrote it; <see langword="null"/> when it was told from outside.</param>
/// <param name="Extra">A JSON object, or <see langword="null"/>.</param>
public sealed record AssetEvent(
    long Id, long AssetId, string AssetName, DateTimeOffset Timestamp, string? Extra, string? SourceDagId, string? SourceRunId, string? SourceTaskId);

public sealed record AssetEventQuery
{
    public long? AssetId { get; init; }

    public string? SourceDagId { get; init; }

    public string? SourceRunId { get; init; }

    public string? SourceTaskId { get; init; }

    public int Limit { get; init; } = 100;

    public int Offset { get; init; }
}
