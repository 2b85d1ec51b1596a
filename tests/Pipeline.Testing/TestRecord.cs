using System.Text;
using Pipeline.Streaming;

namespace Pipeline.Testing;

/// <summary>A record as a test writes it.</summary>
/// <param name="Timestamp">When it was appended, Unix ms.</param>
public sealed record TestRecord(byte[] Value, long Timestamp = 0, byte[]? Key = null)
{
    public TestRecord(string value, long timestamp = 0, string? key = null)
        : this(Encoding.UTF8.GetBytes(value), timestamp, key is null ? null : Encoding.UTF8.GetBytes(key))
    {
    }

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>A batch as a reader would give it.</summary>
    public static RecordBatch ToBatch(TopicPartition partition, long firstOffset, IReadOnlyList<TestRecord> records, long? highWatermark = null)
    {
        using var builder = new RecordBatchBuilder();
        foreach (var record in records)
        {
            builder.Add(record.Key ?? [], record.Key is not null, record.Value, isTombstone: false, record.Timestamp);
            foreach (var (name, value) in record.Headers)
            {
                builder.AddHeader(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
            }
        }

        var slices = System.Buffers.ArrayPool<RecordSlices>.Shared.Rent(Math.Max(1, records.Count));
        for (var i = 0; i < records.Count; i++)
        {
            slices[i] = builder.Slices[i] with { Offset = firstOffset + i };
        }

        var bytes = System.Buffers.ArrayPool<byte>.Shared.Rent(Math.Max(1, builder.ByteCount));
        builder.Bytes.CopyTo(bytes);
        var next = firstOffset + records.Count;
        return RecordBatch.FromRented(partition, slices, records.Count, bytes, next, highWatermark ?? next);
    }
}
