using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Streaming.Processing;

/// <summary>
/// The first of a task's effects, which changes memory only: batches go through the steps, and what results need of them is kept until they are confirmed. Knows where
/// the task is and what of it is stored already.
/// </summary>
internal sealed class BatchProcessor<TEvent>(TopicPartition partition, Topology<TEvent> topology, ErrorPolicy errors)
    where TEvent : struct
{
    private readonly StreamBatch<TEvent> _batch = new();

    // The sink's rows and the dead letters refer to their bytes.
    private readonly List<RecordBatch> _retained = [];

    private long _nextOffset;
    private RecordCounters _counters;
    private bool _isIncomplete;

    /// <summary>The offset behind the last record processed. Safe from any thread.</summary>
    public long NextOffset => Volatile.Read(ref _nextOffset);

    /// <summary>Up to which offset results are stored; what lies before makes no rows again.</summary>
    public long StoredUntil { get; private set; }

    public bool IsCatchingUp => _nextOffset < StoredUntil;

    public TaskProgress Progress => new(NextOffset, topology.Watermark, topology.MaxEventTime, _counters);

    /// <summary>Of records whose results are not confirmed; whoever wrote them clears it.</summary>
    public List<DeadLetter> DeadLetters { get; } = [];

    /// <param name="stored">How far results are stored; <see langword="null"/> when there are none.</param>
    public void ContinueBehind(StoredProgress? stored)
    {
        StoredUntil = stored?.NextOffset ?? 0;
        _counters = stored?.Counters ?? default;
    }

    /// <param name="isIncomplete">Records before it are gone, and no checkpoint holds what they gave.</param>
    public void StartAt(long offset, bool isIncomplete)
    {
        _nextOffset = offset;
        _isIncomplete = isIncomplete;
    }

    /// <summary>Goes on behind a batch without records, and disposes of it.</summary>
    public void Skip(RecordBatch records)
    {
        Volatile.Write(ref _nextOffset, records.NextOffset);
        records.Dispose();
    }

    /// <summary>Sends a batch through the steps; it is kept until <see cref="Release"/>, or disposed of when nothing of it is new.</summary>
    public void Process(RecordBatch records)
    {
        if (_isIncomplete)
        {
            // What was removed before this record can have belonged to any window up to here.
            _isIncomplete = false;
            topology.StartIncomplete(records.Timestamp(0) + (long)topology.EventTime.MaxFutureSkew.TotalMilliseconds);
        }

        _batch.Load(records);
        topology.Process(_batch);
        var firstNew = FirstIndexAt(records, StoredUntil);
        var newStatuses = _batch.Statuses[firstNew..];
        _counters = _counters.Add(newStatuses);
        if (newStatuses.Length > 0)
        {
            topology.Sink.Accept(_batch, StoredUntil);
            SetDeadLettersAside(firstNew);
            _retained.Add(records);
        }
        else
        {
            records.Dispose();
        }

        Volatile.Write(ref _nextOffset, records.NextOffset);
    }

    /// <summary>Results are confirmed, or given up: what they needed is let go.</summary>
    public void Release()
    {
        DeadLetters.Clear();
        foreach (var records in _retained)
        {
            records.Dispose();
        }

        _retained.Clear();
    }

    private static int FirstIndexAt(RecordBatch records, long offset)
    {
        var index = 0;
        while (index < records.Count && records.Offset(index) < offset)
        {
            index++;
        }

        return index;
    }

    private void SetDeadLettersAside(int from)
    {
        var statuses = _batch.Statuses;
        for (var i = from; i < statuses.Length; i++)
        {
            if (statuses[i].Outcome != Outcome.DeadLettered)
            {
                continue;
            }

            if (errors.RejectedRecord == ErrorAction.Fail)
            {
                var rejection = topology.Describe(statuses[i]);
                throw new RecordRejectedException(new Position(partition, _batch.Records.Offset(i)), rejection);
            }

            DeadLetters.Add(new DeadLetter(_batch.Records, i, statuses[i]));
        }
    }
}
