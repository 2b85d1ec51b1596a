using System.Buffers;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>Puts records of consecutive stored batches into one <see cref="RecordBatch"/>, copying their bytes once.</summary>
internal struct BatchAssembler(TopicPartition partition, long from, int maxRecords, int maxBytes)
{
    private RecordSlices[] _slices = [];
    private byte[] _bytes = [];
    private int _count;
    private int _byteCount;

    /// <summary>The offset that is wanted next.</summary>
    public long Next { get; private set; } = from;

    public readonly bool IsFull => _count >= maxRecords || _byteCount >= maxBytes;

    /// <summary>Takes what is wanted of a stored batch; false when the batch is damaged.</summary>
    public bool TryAdd(ReadOnlySpan<byte> stored, long baseOffset)
    {
        if (!BatchFormat.TryRead(stored, baseOffset, out var recordCount, out var data, out var entries))
        {
            return false;
        }

        var skip = (int)(Next - baseOffset);
        var take = Math.Min(recordCount - skip, maxRecords - _count);
        if (skip < 0 || take <= 0)
        {
            return skip >= 0;
        }

        var skippedBytes = 0;
        for (var i = 0; i < skip; i++)
        {
            skippedBytes += BatchFormat.ReadEntry(entries[(i * BatchFormat.EntryBytes)..], 0, 0).ByteCount();
        }

        Reserve(ref _slices, _count, take);
        var start = _byteCount;
        for (var i = 0; i < take; i++)
        {
            var slices = BatchFormat.ReadEntry(entries[((skip + i) * BatchFormat.EntryBytes)..], Next + i, start);
            var length = slices.ByteCount();

            // A record that would burst the limit waits for the next batch, except the first.
            if (start + length > maxBytes && _count > 0)
            {
                take = i;
                break;
            }

            _slices[_count++] = slices;
            start += length;
        }

        var wanted = data.Slice(skippedBytes, start - _byteCount);
        Reserve(ref _bytes, _byteCount, wanted.Length);
        wanted.CopyTo(_bytes.AsSpan(_byteCount));
        _byteCount = start;
        Next += take;
        return true;
    }

    /// <summary>The batch; this assembler must not be used any more.</summary>
    public readonly RecordBatch Build(long highWatermark) => _count == 0
        ? RecordBatch.Empty(partition, Next, highWatermark)
        : RecordBatch.FromRented(partition, _slices, _count, _bytes, Next, Math.Max(highWatermark, Next));

    /// <summary>Gives the arrays back when no batch is built.</summary>
    public void Abandon() => Build(0).Dispose();

    private static void Reserve<T>(ref T[] array, int used, int more)
    {
        if (array.Length - used >= more)
        {
            return;
        }

        var larger = ArrayPool<T>.Shared.Rent(Math.Max(used + more, used * 2));
        Array.Copy(array, larger, used);
        if (array.Length > 0)
        {
            ArrayPool<T>.Shared.Return(array);
        }

        array = larger;
    }
}
