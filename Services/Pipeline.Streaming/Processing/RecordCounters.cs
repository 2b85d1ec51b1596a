namespace Pipeline.Streaming.Processing;

/// <summary>Records by outcome. The conservation law: Consumed = Stored + DeadLettered + Late + Duplicate.</summary>
public readonly record struct RecordCounters(long Consumed, long Stored, long DeadLettered, long Late, long Duplicate)
{
    public bool Conserves => Consumed == Stored + DeadLettered + Late + Duplicate;

    /// <summary>Adds the records of a settled batch from an index on.</summary>
    internal RecordCounters Add(ReadOnlySpan<RecordStatus> settled)
    {
        Span<long> counts = stackalloc long[5];
        counts.Clear();
        foreach (ref readonly var status in settled)
        {
            counts[(int)status.Outcome]++;
        }

        return new RecordCounters(
            Consumed + settled.Length,
            Stored + counts[(int)Outcome.Stored],
            DeadLettered + counts[(int)Outcome.DeadLettered],
            Late + counts[(int)Outcome.Late],
            Duplicate + counts[(int)Outcome.Duplicate]);
    }
}

/// <summary>How far a partition is processed.</summary>
/// <param name="MaxEventTime">Newest event time believed, Unix ms.</param>
public readonly record struct TaskProgress(long NextOffset, EventTime.Watermark Watermark, long MaxEventTime, RecordCounters Counters);
