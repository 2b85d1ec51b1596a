using System.Buffers;
using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.Windowing.Aggregates;

namespace Pipeline.Processor;

/// <summary>
/// Turns settled records and emitted windows of one partition into rows and writes them, with the progress, under the epoch that
/// was claimed. Values are not copied: rows point into the records' memory, which lives until the write has returned.
/// </summary>
internal sealed class ResultSink : Sink<PipelineEvent>
{
    private readonly TopicPartition _partition;
    private readonly IResultStore _store;
    private readonly QualityRules _rules;
    private readonly TimeProvider _time;
    private readonly string _owner;
    private readonly LatencyHistogram _latency;
    private readonly ResultBatch _batch;
    private readonly ArrayBufferWriter<byte> _sketches = new();
    private long _epoch;
    private long _lastStoredAt = long.MinValue;

    public ResultSink(TopicPartition partition, IResultStore store, QualityRules rules, TimeProvider time, string owner)
        : base("results")
    {
        _partition = partition;
        _store = store;
        _rules = rules;
        _time = time;
        _owner = owner;
        _latency = new LatencyHistogram(time);
        _batch = new ResultBatch { Progress = ProgressOf(default) };
    }

    public override int PendingRows
        => _batch.Events.Count + _batch.Windows.Count + _batch.Late.Count + _batch.DeadLetters.Count
            + _batch.Sessions.Count + _batch.RemovedSessions.Count + _batch.Quality.Count;

    public override async ValueTask<StoredProgress?> OpenAsync(CancellationToken cancellationToken)
    {
        var claim = await _store.ClaimAsync(_partition.Topic, _partition.Partition, _owner, cancellationToken);
        _epoch = claim.Epoch;
        _lastStoredAt = claim.Progress?.LastStoredAt ?? long.MinValue;
        return claim.Progress is { } p
            ? new StoredProgress(p.NextOffset, new RecordCounters(p.Consumed, p.Stored, p.DeadLettered, p.Late, p.Duplicate))
            : null;
    }

    public override void Accept(StreamBatch<PipelineEvent> batch, long fromOffset)
    {
        var records = batch.Records;
        var statuses = batch.Statuses;
        for (var i = 0; i < statuses.Length; i++)
        {
            if (records.Offset(i) < fromOffset)
            {
                continue;
            }

            switch (statuses[i].Outcome)
            {
                case Outcome.Stored:
                    AddEvent(records, i, in batch.Events[i]);
                    break;
                case Outcome.Late:
                    AddLate(records, i, in batch.Events[i].Decoded, batch.WatermarkAt(i).Value);
                    break;
                case Outcome.DeadLettered:
                    AddDeadLetter(records, i, statuses[i]);
                    break;
            }
        }
    }

    public void AddWindow(
        string metric, string dimension, string value, string grain, long start, in Aggregate aggregate, bool isFinal, bool isLateUpdate, ISketch? sketch)
        => _batch.Windows.Add(new WindowRow(
            metric, dimension, value, grain, start, _partition.Topic, _partition.Partition, aggregate, isFinal, isLateUpdate, BytesOf(sketch)));

    public void AddQuality(string rule, long windowStart, long checkedRecords, long failed)
        => _batch.Quality.Add(new QualityRow(rule, windowStart, _partition.Topic, _partition.Partition, checkedRecords, failed));

    public void AddSession(in SessionRow session) => _batch.Sessions.Add(session with { Topic = _partition.Topic, Partition = _partition.Partition });

    public void RemoveSession(SessionKey session) => _batch.RemovedSessions.Add(session);

    public override async ValueTask WriteAsync(TaskProgress progress, CancellationToken cancellationToken)
    {
        if (_batch.Events.Count > 0)
        {
            _lastStoredAt = _time.GetUtcNow().ToUnixTimeMilliseconds();
        }

        _batch.Progress = ProgressOf(progress);
        try
        {
            await _store.WriteAsync(_batch, cancellationToken);
        }
        catch (StaleEpochException e)
        {
            throw new PartitionFencedException(e.Message);
        }

        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (ref readonly var row in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_batch.Events))
        {
            _latency.Record(now - row.IngestedAt);
        }
    }

    public override void Clear()
    {
        _batch.Clear();
        _sketches.ResetWrittenCount();
    }

    // Rows point into the buffer. When it grows it leaves the old one to the rows that point there.
    private ReadOnlyMemory<byte> BytesOf(ISketch? sketch)
    {
        if (sketch is null)
        {
            return default;
        }

        var start = _sketches.WrittenCount;
        sketch.WriteTo(_sketches);
        return _sketches.WrittenMemory[start..];
    }

    private void AddEvent(RecordBatch records, int i, in PipelineEvent e)
        => _batch.Events.Add(new EventRow(
            e.Decoded.EventId,
            e.Decoded.UserId,
            e.Decoded.EventType.WireName(),
            e.Decoded.EventTime,
            records.Timestamp(i),
            _partition.Topic,
            _partition.Partition,
            records.Offset(i),
            e.Decoded.Nationality.WireName(),
            EventEnrichment.CountryName(in e.Decoded),
            EventEnrichment.Region(in e.Decoded),
            e.Decoded.Gender.WireName(),
            AgeBands.Names[e.AgeBand],
            e.Warnings,
            records.ValueMemory(i)));

    private void AddLate(RecordBatch records, int i, in DecodedEvent e, long watermark)
        => _batch.Late.Add(new LateRow(
            e.EventId,
            e.UserId,
            e.EventType.WireName(),
            e.EventTime,
            watermark - e.EventTime,
            records.Timestamp(i),
            _partition.Topic,
            _partition.Partition,
            records.Offset(i),
            records.ValueMemory(i)));

    private void AddDeadLetter(RecordBatch records, int i, RecordStatus status)
    {
        var rejection = Rejections.Describe(_rules, status);
        _batch.DeadLetters.Add(new DeadLetterRow(
            _partition.Topic,
            _partition.Partition,
            records.Offset(i),
            rejection.Code,
            rejection.RuleId,
            rejection.Message,
            status.ErrorOffset,
            records.Timestamp(i),
            _time.GetUtcNow().ToUnixTimeMilliseconds(),
            records.KeyMemory(i),
            records.Source.ValueMemory(i)));
    }

    private PartitionProgress ProgressOf(TaskProgress progress)
    {
        var (p50, p95, p99) = _latency.Percentiles();
        return new PartitionProgress
        {
            Topic = _partition.Topic,
            Partition = _partition.Partition,
            Epoch = _epoch,
            NextOffset = progress.NextOffset,
            Watermark = progress.Watermark.Value,
            MaxEventTime = progress.MaxEventTime,
            Consumed = progress.Counters.Consumed,
            Stored = progress.Counters.Stored,
            DeadLettered = progress.Counters.DeadLettered,
            Late = progress.Counters.Late,
            Duplicate = progress.Counters.Duplicate,
            LastStoredAt = _lastStoredAt,
            UpdatedAt = _time.GetUtcNow().ToUnixTimeMilliseconds(),
            LatencyP50 = p50,
            LatencyP95 = p95,
            LatencyP99 = p99,
            Owner = _owner,
        };
    }
}
