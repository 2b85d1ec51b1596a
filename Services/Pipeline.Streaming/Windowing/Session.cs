namespace Pipeline.Streaming.Windowing;

/// <summary>Takes an emitted session.</summary>
public delegate void SessionEmitter<TKey, TAccumulator>(in Session<TKey, TAccumulator> session)
    where TKey : unmanaged
    where TAccumulator : unmanaged;

/// <summary>One session of a key, with the times of its first and its last event (Unix ms).</summary>
public struct Session<TKey, TAccumulator>
    where TKey : unmanaged
    where TAccumulator : unmanaged
{
    public TKey Key;
    public long Start;
    public long Last;
    public TAccumulator Accumulator;

    /// <summary>The watermark has passed the gap after its last event.</summary>
    public bool IsClosed;

    /// <summary>A late record changed it after it was closed.</summary>
    public bool IsLateUpdate;

    /// <summary>End of its fragment's slice.</summary>
    internal long SliceEnd;

    /// <summary>The watermark at which it needs attention.</summary>
    internal long Due;
    internal int Next;
    internal bool IsDirty;
    internal bool IsUsed;
}
