namespace Pipeline.Streaming.Processing;

/// <summary>How a worker reads and shares its partitions.</summary>
public sealed record StreamWorkerSettings
{
    /// <summary>The consumer group.</summary>
    public required string Group { get; init; }

    public required IReadOnlyCollection<string> Topics { get; init; }

    /// <summary>Batches that may wait per partition before it is paused. Default: 4.</summary>
    public int QueueCapacity { get; init; } = 4;

    /// <summary>How long a revoked or stopping partition may take to write what it has processed. Default: 20 s.</summary>
    public TimeSpan DrainDeadline { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>When a partition that another writer took over is tried again, if it is still assigned to us. Default: 30 s.</summary>
    public TimeSpan FencedPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Silence after which a partition leaves the overall watermark. Default: 1 min.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How far a partition's watermark may be ahead of the slowest active one of its topic before it is not read for a while. Default: 10 min.</summary>
    public TimeSpan MaxWatermarkDrift { get; init; } = TimeSpan.FromMinutes(10);
}
