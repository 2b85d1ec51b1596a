namespace Pipeline.Storage;

/// <summary>
/// Results of one partition that are written together. The lists are reused by their owner after the write; memory in
/// the rows stays valid until the write has returned.
/// </summary>
public sealed class ResultBatch
{
    /// <summary>Progress after these results; written last, checked against the claimed epoch.</summary>
    public required PartitionProgress Progress { get; set; }

    public List<EventRow> Events { get; } = [];

    public List<WindowRow> Windows { get; } = [];

    public List<SessionRow> Sessions { get; } = [];

    /// <summary>Keys of sessions that were merged into another one or whose start moved; their rows are removed, also when <see cref="Sessions"/> of this batch holds them.</summary>
    public List<SessionKey> RemovedSessions { get; } = [];

    public List<LateRow> Late { get; } = [];

    public List<DeadLetterRow> DeadLetters { get; } = [];

    public List<QualityRow> Quality { get; } = [];

    public void Clear()
    {
        Events.Clear();
        Windows.Clear();
        Sessions.Clear();
        RemovedSessions.Clear();
        Late.Clear();
        DeadLetters.Clear();
        Quality.Clear();
    }
}
