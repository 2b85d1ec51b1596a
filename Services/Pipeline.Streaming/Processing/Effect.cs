namespace Pipeline.Streaming.Processing;

/// <summary>
/// What a task does to the world, in the one order in which it does it. A crash between any two replays from the last
/// checkpoint, and the replay changes nothing, because every write is idempotent by key and tells how far it got.
/// </summary>
public enum Effect
{
    /// <summary>Batches go through the steps; only memory changes.</summary>
    Process,

    /// <summary>Changed windows and sessions are handed to the sink; only memory changes.</summary>
    FlushState,

    /// <summary>Dead letters are appended to their topic.</summary>
    WriteDeadLetters,

    /// <summary>Rows and progress are written and confirmed.</summary>
    WriteResults,

    /// <summary>The checkpoint is saved.</summary>
    SaveCheckpoint,

    /// <summary>The offset is committed to the log.</summary>
    CommitOffset,
}

/// <summary>Called before and after each effect; tests let it throw to see what a crash there costs.</summary>
/// <param name="done">False before the effect, true after it.</param>
public delegate void EffectHook(TopicPartition partition, Effect effect, bool done);
