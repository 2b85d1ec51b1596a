using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Streaming.Tests.Processing;

/// <summary>What a window's row says.</summary>
internal readonly record struct WindowValue(long Count, bool IsFinal, bool IsLateUpdate);

/// <summary>A result store in a few dictionaries, written in one step; outlives the sinks that write it.</summary>
internal sealed class MemoryResults
{
    public SortedDictionary<long, Outcome> Records { get; } = [];

    public SortedDictionary<(long Start, int Key), WindowValue> Windows { get; } = [];

    public StoredProgress? Progress { get; set; }

    public long Epoch { get; set; }

    public int Writes { get; set; }

    /// <summary>Makes the next writes fail, as an outage does.</summary>
    public Func<Exception?> Fault { get; set; } = () => null;
}

internal sealed class MemorySink(MemoryResults results) : Sink<CountingEvent>("memory")
{
    private readonly List<(long Offset, Outcome Outcome)> _records = [];
    private readonly List<(long Start, int Key, WindowValue Value)> _windows = [];
    private long _epoch;

    public override int PendingRows => _records.Count + _windows.Count;

    public override ValueTask<StoredProgress?> OpenAsync(CancellationToken cancellationToken)
    {
        _epoch = ++results.Epoch;
        return ValueTask.FromResult(results.Progress);
    }

    public override void Accept(StreamBatch<CountingEvent> batch, long fromOffset)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.Records.Offset(i) >= fromOffset)
            {
                _records.Add((batch.Records.Offset(i), batch.Statuses[i].Outcome));
            }
        }
    }

    public void AddWindow(long start, int key, long count, bool isFinal, bool isLateUpdate)
        => _windows.Add((start, key, new WindowValue(count, isFinal, isLateUpdate)));

    public override ValueTask WriteAsync(TaskProgress progress, CancellationToken cancellationToken)
    {
        Write(progress);
        return ValueTask.CompletedTask;
    }

    public void Write(TaskProgress progress)
    {
        if (results.Fault() is { } fault)
        {
            throw fault;
        }

        if (results.Epoch != _epoch)
        {
            throw new PartitionFencedException("Another writer took over.");
        }

        results.Writes++;
        foreach (var (offset, outcome) in _records)
        {
            results.Records[offset] = outcome;
        }

        foreach (var (start, key, value) in _windows)
        {
            results.Windows[(start, key)] = value;
        }

        results.Progress = new StoredProgress(progress.NextOffset, progress.Counters);
    }

    public override void Clear()
    {
        _records.Clear();
        _windows.Clear();
    }
}
