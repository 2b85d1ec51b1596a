using Pipeline.Streaming.Processing;

namespace Pipeline.Streaming.DeadLetters;

/// <summary>A record set aside, still lying in its batch, with its outcome.</summary>
public readonly record struct DeadLetter(RecordBatch Records, int Index, RecordStatus Status);
