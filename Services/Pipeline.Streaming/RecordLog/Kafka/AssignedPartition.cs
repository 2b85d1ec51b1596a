namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// A partition that this member has. Seeking and pausing come from any thread; everything else happens on the poll thread.
/// </summary>
internal sealed class AssignedPartition(PartitionQueue queue)
{
    private readonly Lock _gate = new();
    private long? _seekTo;
    private int _seeks;
    private volatile bool _isPaused;

    public PartitionQueue Queue { get; } = queue;

    public bool IsPaused
    {
        get => _isPaused;
        set => _isPaused = value;
    }

    /// <summary>The offset behind what was read last; −1 before anything was read or after a seek.</summary>
    public long Next { get; private set; } = -1;

    /// <summary>Where it shall go on; null when nobody has sought since.</summary>
    public long? SeekTarget
    {
        get
        {
            lock (_gate)
            {
                return _seekTo;
            }
        }
    }

    public int Seeks => Volatile.Read(ref _seeks);

    public void Seek(long offset)
    {
        lock (_gate)
        {
            _seekTo = offset;
            _seeks++;
        }
    }

    /// <summary>Seeks unless somebody has sought since so many seeks.</summary>
    public void Seek(long offset, int seeks)
    {
        lock (_gate)
        {
            if (_seeks == seeks)
            {
                Seek(offset);
            }
        }
    }

    /// <summary>The client reads from there now, unless somebody has sought again meanwhile.</summary>
    public void Sought(long offset)
    {
        lock (_gate)
        {
            Next = Math.Max(-1, offset);
            if (_seekTo == offset)
            {
                _seekTo = null;
            }
        }
    }

    /// <summary>Notes that records up to here were read.</summary>
    /// <returns>False when somebody sought while they were being read: they are not wanted any more.</returns>
    public bool TryAdvance(long next, int seeks)
    {
        lock (_gate)
        {
            if (_seeks != seeks)
            {
                return false;
            }

            Next = next;
            return true;
        }
    }
}
