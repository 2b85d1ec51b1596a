namespace Pipeline.Storage;

/// <summary>
/// How far a partition is processed. The conservation law holds in every instance:
/// Consumed = Stored + DeadLettered + Late + Duplicate.
/// </summary>
public sealed record PartitionProgress
{
    public required string Topic { get; init; }

    public required int Partition { get; init; }

    /// <summary>The writer's claim; a write with an older epoch than the stored one is refused.</summary>
    public required long Epoch { get; init; }

    public required long NextOffset { get; init; }

    /// <summary>Event time before which no more records are expected, Unix ms; <see cref="long.MinValue"/> before the first record.</summary>
    public long Watermark { get; init; } = long.MinValue;

    public long Consumed { get; init; }

    public long Stored { get; init; }

    public long DeadLettered { get; init; }

    public long Late { get; init; }

    public long Duplicate { get; init; }

    /// <summary>Newest event time seen, Unix ms.</summary>
    public long MaxEventTime { get; init; } = long.MinValue;

    /// <summary>When an event of it was stored last, Unix ms; <see cref="long.MinValue"/> before the first. Rejected, late and duplicate records are none.</summary>
    public long LastStoredAt { get; init; } = long.MinValue;

    /// <summary>When this was written, Unix ms.</summary>
    public long UpdatedAt { get; init; }

    /// <summary>Time from append to stored over the last minute, in milliseconds.</summary>
    public double LatencyP50 { get; init; }

    public double LatencyP95 { get; init; }

    public double LatencyP99 { get; init; }

    /// <summary>Name of the process that wrote this.</summary>
    public string Owner { get; init; } = "";
}

/// <summary>The result of taking a partition over.</summary>
/// <param name="Progress">What the writer before had stored; <see langword="null"/> on first use.</param>
public sealed record PartitionClaim(long Epoch, PartitionProgress? Progress);

/// <summary>From where on a partition's results are rebuilt from the log.</summary>
/// <param name="FirstOffset">First offset that the log still holds; results of earlier records stay.</param>
/// <param name="WindowsFrom">
/// Windows and quality results that start before this (Unix ms) stay as they are, because records that the log no longer holds may
/// belong to them; <see cref="long.MinValue"/> when the log still holds everything, <see cref="long.MaxValue"/> when it holds nothing
/// (then all that is there stays, and later windows are written as ever).
/// </param>
/// <param name="SessionsFrom">The same for sessions, by their start: one inactivity gap after <paramref name="WindowsFrom"/>.</param>
public sealed record PartitionReset(string Topic, int Partition, long FirstOffset, long WindowsFrom, long SessionsFrom);
