using System.Diagnostics;
using System.Text;
using Pipeline.Contracts;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Ingest;

/// <summary>Events on their way into a topic, appended some at a time; counts what the log has acknowledged.</summary>
internal sealed class EventBatch(IRecordWriter writer, string topic, string? runId, TimeProvider clock, int maxRecords) : IDisposable
{
    private static readonly ActivitySource Activities = new("Pipeline.Ingest");

    private readonly RecordBatchBuilder _records = new();
    private readonly byte[]? _runId = runId is null ? null : Encoding.UTF8.GetBytes(runId);

    // One trace from the fetch, through the record's headers, to the stored row.
    private readonly byte[]? _traceParent = Activity.Current?.Id is { } id ? Encoding.UTF8.GetBytes(id) : null;
    private readonly byte[] _ingestTime = new byte[Iso8601.Length];

    /// <summary>Records that the log has acknowledged.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Bytes of the acknowledged keys, values and headers.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adds an event, appending when the batch is full.</summary>
    public async ValueTask AddAsync(string key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken)
    {
        Add(key, value.Span);
        if (_records.Count >= maxRecords)
        {
            await FlushAsync(cancellationToken);
        }
    }

    public void Add(string key, ReadOnlySpan<byte> value)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        Span<byte> keyBytes = stackalloc byte[64];
        var length = Encoding.UTF8.GetBytes(key, keyBytes);
        _records.Add(keyBytes[..length], value, now);
        Iso8601.Write(_ingestTime, now);
        _records.AddHeader(EventHeaders.ContentType, EventHeaders.Json);
        _records.AddHeader(EventHeaders.IngestTime, _ingestTime);
        if (_runId is not null)
        {
            _records.AddHeader(EventHeaders.RunId, _runId);
        }

        if (_traceParent is not null)
        {
            _records.AddHeader(EventHeaders.TraceParent, _traceParent);
        }
    }

    /// <exception cref="RecordLogException">Not (all) of the batch was appended.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_records.Count == 0)
        {
            return;
        }

        using var activity = Activities.StartActivity(ActivityKind.Producer, name: $"send {topic}");
        activity?.SetTag("messaging.destination.name", topic).SetTag("messaging.operation.type", "send").SetTag("messaging.batch.message_count", _records.Count);
        var result = await writer.AppendAsync(topic, _records, cancellationToken);
        Acknowledged += result.Count;
        Bytes += _records.ByteCount;
        _records.Clear();
    }

    public void Dispose() => _records.Dispose();
}

/// <summary>Header names of the records that ingest appends.</summary>
internal static class EventHeaders
{
    public static ReadOnlySpan<byte> ContentType => "content-type"u8;

    public static ReadOnlySpan<byte> Json => "application/json"u8;

    /// <summary>When the record was handed to the log, ISO 8601, UTC.</summary>
    public static ReadOnlySpan<byte> IngestTime => "ingest_time"u8;

    public static ReadOnlySpan<byte> RunId => "run_id"u8;

    public static ReadOnlySpan<byte> TraceParent => "traceparent"u8;
}
