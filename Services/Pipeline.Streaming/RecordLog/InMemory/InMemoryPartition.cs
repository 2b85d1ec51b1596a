using System.Buffers;

namespace Pipeline.Streaming.RecordLog.InMemory;

/// <summary>The records of one partition; its owner serializes access.</summary>
internal sealed class InMemoryPartition
{
    private readonly List<StoredRecord> _records = [];

    /// <summary>Offset of the first record that is still there.</summary>
    public long Start { get; private set; }

    public long End => Start + _records.Count;

    public long Bytes => _records.Sum(record => (long)record.Bytes.Length);

    public void Append(in RecordSlices slices, ReadOnlySpan<byte> bytes)
        => _records.Add(new StoredRecord(slices, bytes.Slice(slices.Start, slices.ByteCount()).ToArray()));

    public RecordBatch Read(TopicPartition partition, long from, int maxRecords)
    {
        var first = (int)(from - Start);
        var count = 0;
        var bytes = 0;
        while (first + count < _records.Count && count < maxRecords && (count == 0 || bytes + _records[first + count].Bytes.Length <= RecordLimits.MaxBatchBytes))
        {
            bytes += _records[first + count].Bytes.Length;
            count++;
        }

        if (count == 0)
        {
            return RecordBatch.Empty(partition, from, End);
        }

        var slices = ArrayPool<RecordSlices>.Shared.Rent(count);
        var buffer = ArrayPool<byte>.Shared.Rent(bytes);
        var at = 0;
        for (var i = 0; i < count; i++)
        {
            var record = _records[first + i];
            record.Bytes.CopyTo(buffer, at);
            slices[i] = record.Slices with { Offset = from + i, Start = at };
            at += record.Bytes.Length;
        }

        return RecordBatch.FromRented(partition, slices, count, buffer, from + count, End);
    }

    public long Find(long timestamp)
    {
        var index = _records.FindIndex(r => r.Slices.Timestamp >= timestamp);
        return index < 0 ? End : Start + index;
    }

    /// <summary>Removes from the start up to the first record that is young enough.</summary>
    public long RemoveOlderThan(long timestamp)
    {
        var young = _records.FindIndex(r => r.Slices.Timestamp >= timestamp);
        var count = young < 0 ? _records.Count : young;
        _records.RemoveRange(0, count);
        Start += count;
        return count;
    }

    private readonly record struct StoredRecord(RecordSlices Slices, byte[] Bytes);
}
