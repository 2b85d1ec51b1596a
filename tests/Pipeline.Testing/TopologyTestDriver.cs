using Pipeline.Streaming;
using Pipeline.Streaming.Processing;

namespace Pipeline.Testing;

/// <summary>
/// Runs a topology without threads, clock or log: records go in as batches cut wherever the test wants, and what every record
/// became comes out. The driver numbers the offsets.
/// </summary>
public sealed class TopologyTestDriver<TEvent>(Topology<TEvent> topology, TopicPartition partition) : IDisposable
    where TEvent : struct
{
    private readonly StreamBatch<TEvent> _batch = new();
    private readonly List<RecordBatch> _records = [];
    private long _nextOffset;

    /// <summary>The outcome of every record so far, in offset order.</summary>
    public List<Outcome> Outcomes { get; } = [];

    public Topology<TEvent> Topology => topology;

    /// <summary>Sends the records through as one batch.</summary>
    public ReadOnlySpan<RecordStatus> Pipe(params IReadOnlyList<TestRecord> records)
    {
        var batch = TestRecord.ToBatch(partition, _nextOffset, records);
        _nextOffset = batch.NextOffset;
        _records.Add(batch);
        _batch.Load(batch);
        topology.Process(_batch);
        topology.Sink.Accept(_batch, fromOffset: 0);
        foreach (var status in _batch.Statuses)
        {
            Outcomes.Add(status.Outcome);
        }

        return _batch.Statuses;
    }

    /// <summary>Sends the records through in batches of a size.</summary>
    public void PipeAll(IReadOnlyList<TestRecord> records, int batchSize)
    {
        for (var i = 0; i < records.Count; i += batchSize)
        {
            Pipe([.. records.Skip(i).Take(batchSize)]);
        }
    }

    public void Dispose() => _records.ForEach(r => r.Dispose());
}
