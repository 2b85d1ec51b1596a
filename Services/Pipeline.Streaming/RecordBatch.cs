using System.Buffers;

namespace Pipeline.Streaming;

/// <summary>
/// Records of one partition in offset order, as read from a log. Keys, values and headers are slices of one rented
/// array, so that a stage passes bytes on without copying them and nothing is allocated per record.
/// </summary>
/// <remarks>
/// Owned by whoever received it; <see cref="Dispose"/> gives the array back, after which every span and memory taken
/// from it is invalid. Any number of threads may read it; only its maker writes it, before handing it over.
/// </remarks>
public sealed class RecordBatch : IDisposable
{
    private RecordSlices[] _slices;
    private byte[] _bytes;
    private RecordBatch? _source;

    private RecordBatch(TopicPartition topicPartition, RecordSlices[] slices, int count, byte[] bytes, long nextOffset, long highWatermark)
    {
        TopicPartition = topicPartition;
        _slices = slices;
        _bytes = bytes;
        Count = count;
        NextOffset = nextOffset;
        HighWatermark = highWatermark;
    }

    public TopicPartition TopicPartition { get; }

    public int Count { get; }

    /// <summary>The batch as the log has it; this one itself, unless its values were translated. Lives as long as this one.</summary>
    public RecordBatch Source => _source ?? this;

    /// <summary>The offset to read next after this batch; offsets may have gaps, so it is not always the last one plus one.</summary>
    public long NextOffset { get; }

    /// <summary>End of the partition when this batch was read.</summary>
    public long HighWatermark { get; }

    /// <summary>
    /// Takes ownership of two arrays rented from the shared pools. <paramref name="bytes"/> holds, record after record, key, value
    /// and encoded headers as <paramref name="slices"/> says.
    /// </summary>
    public static RecordBatch FromRented(TopicPartition topicPartition, RecordSlices[] slices, int count, byte[] bytes, long nextOffset, long highWatermark)
        => new(topicPartition, slices, count, bytes, nextOffset, highWatermark);

    public static RecordBatch Empty(TopicPartition topicPartition, long nextOffset, long highWatermark)
        => new(topicPartition, [], 0, [], nextOffset, highWatermark);

    /// <summary>
    /// The same records with other values, one for one. Owns <paramref name="source"/> from here on; copies what <paramref name="records"/> has.
    /// </summary>
    public static RecordBatch Translated(RecordBatch source, RecordBatchBuilder records)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(records.Count, source.Count, nameof(records));
        var slices = ArrayPool<RecordSlices>.Shared.Rent(Math.Max(1, records.Count));
        for (var i = 0; i < records.Count; i++)
        {
            slices[i] = records.Slices[i] with { Offset = source.Offset(i) };
        }

        var bytes = ArrayPool<byte>.Shared.Rent(Math.Max(1, records.ByteCount));
        records.Bytes.CopyTo(bytes);
        return new RecordBatch(source.TopicPartition, slices, source.Count, bytes, source.NextOffset, source.HighWatermark) { _source = source };
    }

    public long Offset(int index) => _slices[index].Offset;

    /// <summary>When the record was appended (or what its producer said), Unix ms.</summary>
    public long Timestamp(int index) => _slices[index].Timestamp;

    public bool HasKey(int index) => _slices[index].KeyLength >= 0;

    /// <summary>A record without a value; not the same as an empty value.</summary>
    public bool IsTombstone(int index) => _slices[index].ValueLength < 0;

    public ReadOnlySpan<byte> Key(int index)
    {
        ref readonly var s = ref _slices[index];
        return new ReadOnlySpan<byte>(_bytes, s.Start, Math.Max(0, s.KeyLength));
    }

    public ReadOnlySpan<byte> Value(int index)
    {
        ref readonly var s = ref _slices[index];
        return new ReadOnlySpan<byte>(_bytes, s.Start + Math.Max(0, s.KeyLength), Math.Max(0, s.ValueLength));
    }

    public ReadOnlyMemory<byte> KeyMemory(int index)
    {
        ref readonly var s = ref _slices[index];
        return new ReadOnlyMemory<byte>(_bytes, s.Start, Math.Max(0, s.KeyLength));
    }

    public ReadOnlyMemory<byte> ValueMemory(int index)
    {
        ref readonly var s = ref _slices[index];
        return new ReadOnlyMemory<byte>(_bytes, s.Start + Math.Max(0, s.KeyLength), Math.Max(0, s.ValueLength));
    }

    public HeaderReader Headers(int index)
    {
        ref readonly var s = ref _slices[index];
        return new HeaderReader(new ReadOnlySpan<byte>(_bytes, s.Start + Math.Max(0, s.KeyLength) + Math.Max(0, s.ValueLength), s.HeadersLength));
    }

    public void Dispose()
    {
        Interlocked.Exchange(ref _source, null)?.Dispose();
        var slices = Interlocked.Exchange(ref _slices, []);
        var bytes = Interlocked.Exchange(ref _bytes, []);
        if (slices.Length > 0)
        {
            ArrayPool<RecordSlices>.Shared.Return(slices);
        }

        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}

/// <summary>Where one record lies in the bytes of its batch. A length of −1 means null.</summary>
public readonly record struct RecordSlices(long Offset, long Timestamp, int Start, int KeyLength, int ValueLength, int HeadersLength);
