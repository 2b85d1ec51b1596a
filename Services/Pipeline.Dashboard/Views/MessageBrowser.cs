using System.Text;
using System.Text.Json;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Dashboard.Views;

/// <summary>A record of the log as people read it.</summary>
public sealed record LogRecord(long Offset, DateTimeOffset Timestamp, byte[]? Key, byte[]? Value, int ValueLength, IReadOnlyList<KeyValuePair<string, string>> Headers);

/// <summary>Some records of one partition, in order of offset.</summary>
/// <param name="Note">What was not looked at, in words; empty when nothing.</param>
public sealed record RecordSlice(long Start, long End, IReadOnlyList<LogRecord> Records, string Note);

/// <summary>Reads records of the log for looking at, by offset, time or key.</summary>
internal sealed class MessageBrowser(IRecordLog log)
{
    public const int PageSize = 25;

    private const int MaxSearched = 20_000;
    private const int PreviewBytes = 400;

    /// <summary>The records from an offset on; the last ones when there is no offset.</summary>
    public async Task<RecordSlice> ReadAsync(TopicPartition partition, long? offset, CancellationToken cancellationToken)
    {
        var (start, end) = await BoundsAsync(partition, cancellationToken);
        var from = Math.Clamp(offset ?? end - PageSize, start, end);
        var records = new List<LogRecord>();
        while (records.Count < PageSize && from < end)
        {
            using var batch = await log.FetchAsync(new Position(partition, from), PageSize - records.Count, cancellationToken);
            if (batch.Count == 0)
            {
                break;
            }

            for (var i = 0; i < batch.Count && records.Count < PageSize; i++)
            {
                records.Add(ToRecord(batch, i, PreviewBytes));
            }

            from = batch.NextOffset;
        }

        var note = offset < start ? $"Offset {offset} is gone: the log keeps {start} and later." : offset >= end && end > start ? $"Offset {offset} is not written yet; the last is {end - 1}." : "";
        return new RecordSlice(start, end, records, note);
    }

    public async Task<RecordSlice> ReadFromTimeAsync(TopicPartition partition, DateTimeOffset time, CancellationToken cancellationToken)
        => await ReadAsync(partition, await log.FindOffsetAsync(partition, time.ToUnixTimeMilliseconds(), cancellationToken), cancellationToken);

    /// <summary>The last records with this key, among the newest of the partition.</summary>
    public async Task<RecordSlice> ReadByKeyAsync(TopicPartition partition, string key, CancellationToken cancellationToken)
    {
        var (start, end) = await BoundsAsync(partition, cancellationToken);
        var wanted = Encoding.UTF8.GetBytes(key);
        var first = Math.Max(start, end - MaxSearched);
        var found = new Queue<LogRecord>();
        for (var from = first; from < end;)
        {
            using var batch = await log.FetchAsync(new Position(partition, from), 1000, cancellationToken);
            if (batch.Count == 0)
            {
                break;
            }

            for (var i = 0; i < batch.Count; i++)
            {
                if (batch.HasKey(i) && batch.Key(i).SequenceEqual(wanted))
                {
                    found.Enqueue(ToRecord(batch, i, PreviewBytes));
                    if (found.Count > PageSize)
                    {
                        found.Dequeue();
                    }
                }
            }

            from = batch.NextOffset;
        }

        return new RecordSlice(start, end, [.. found], first > start ? $"Looked at the newest {end - first} of {end - start} records." : "");
    }

    /// <summary>One record whole; null when the log does not hold it.</summary>
    public async Task<LogRecord?> FindAsync(TopicPartition partition, long offset, CancellationToken cancellationToken)
    {
        var (start, end) = await BoundsAsync(partition, cancellationToken);
        if (offset < start || offset >= end)
        {
            return null;
        }

        using var batch = await log.FetchAsync(new Position(partition, offset), 1, cancellationToken);
        return batch.Count > 0 && batch.Offset(0) == offset ? ToRecord(batch, 0, int.MaxValue) : null;
    }

    /// <summary>JSON with line breaks and indents; any other value as it is.</summary>
    public static byte[] Indented(byte[] value)
    {
        try
        {
            using var document = JsonDocument.Parse(value);
            using var buffer = new MemoryStream();
            using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            {
                document.WriteTo(writer);
            }

            return buffer.ToArray();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // Not JSON, or not text that can be written again.
            return value;
        }
    }

    private async Task<(long Start, long End)> BoundsAsync(TopicPartition partition, CancellationToken cancellationToken)
    {
        var found = (await log.DescribeAsync(cancellationToken)).Where(p => p.TopicPartition == partition).ToArray();
        return found.Length == 0 ? throw new RecordLogException($"There is no partition {partition}.", isTransient: false) : (found[0].Start, found[0].HighWatermark);
    }

    private static LogRecord ToRecord(RecordBatch batch, int i, int maxBytes)
    {
        var value = batch.Value(i);
        return new LogRecord(
            batch.Offset(i),
            DateTimeOffset.FromUnixTimeMilliseconds(batch.Timestamp(i)),
            batch.HasKey(i) ? batch.Key(i).ToArray() : null,
            batch.IsTombstone(i) ? null : value[..Math.Min(value.Length, maxBytes)].ToArray(),
            value.Length,
            HeaderReader.ToList(batch.Headers(i)));
    }
}
