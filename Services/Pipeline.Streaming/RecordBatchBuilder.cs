using System.Buffers;
using System.Buffers.Binary;

namespace Pipeline.Streaming;

/// <summary>
/// Records that are about to be appended to a topic, in order, kept in two rented arrays. Reusable after
/// <see cref="Clear"/>. Not thread-safe; must not change while an append is under way.
/// </summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private RecordSlices[] _slices = [];
    private byte[] _bytes = [];

    public int Count { get; private set; }

    /// <summary>Bytes of keys, values and headers.</summary>
    public int ByteCount { get; private set; }

    public ReadOnlySpan<RecordSlices> Slices => _slices.AsSpan(0, Count);

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, ByteCount);

    public ReadOnlySpan<byte> Key(int index) => _bytes.AsSpan(_slices[index].Start, Math.Max(0, _slices[index].KeyLength));

    public ReadOnlySpan<byte> Value(int index)
        => _bytes.AsSpan(_slices[index].Start + Math.Max(0, _slices[index].KeyLength), Math.Max(0, _slices[index].ValueLength));

    public HeaderReader Headers(int index)
    {
        ref readonly var s = ref _slices[index];
        return new HeaderReader(_bytes.AsSpan(s.Start + Math.Max(0, s.KeyLength) + Math.Max(0, s.ValueLength), s.HeadersLength));
    }

    /// <summary>Adds a record with a key and a value.</summary>
    /// <param name="timestamp">Unix ms; usually now.</param>
    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long timestamp) => Add(key, hasKey: true, value, isTombstone: false, timestamp);

    /// <summary>Adds a record whose key or value may be null (<paramref name="hasKey"/>, <paramref name="isTombstone"/>).</summary>
    public void Add(ReadOnlySpan<byte> key, bool hasKey, ReadOnlySpan<byte> value, bool isTombstone, long timestamp)
    {
        var start = ByteCount;
        Reserve(key.Length + value.Length);
        key.CopyTo(_bytes.AsSpan(start));
        value.CopyTo(_bytes.AsSpan(start + key.Length));
        ByteCount += key.Length + value.Length;

        if (Count == _slices.Length)
        {
            _slices = Grow(_slices, Count, Count + 1);
        }

        _slices[Count++] = new RecordSlices(-1, timestamp, start, hasKey ? key.Length : -1, isTombstone ? -1 : value.Length, 0);
    }

    /// <summary>Adds a header to the record added last.</summary>
    public void AddHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) => AddHeader(name, value, isNull: false);

    /// <summary>Adds a header without a value to the record added last.</summary>
    public void AddNullHeader(ReadOnlySpan<byte> name) => AddHeader(name, [], isNull: true);

    public void Clear()
    {
        Count = 0;
        ByteCount = 0;
    }

    public void Dispose()
    {
        Clear();
        Return(ref _slices);
        Return(ref _bytes);
    }

    private void AddHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isNull)
    {
        var length = sizeof(ushort) + name.Length + sizeof(int) + value.Length;
        Reserve(length);
        var target = _bytes.AsSpan(ByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(target, checked((ushort)name.Length));
        name.CopyTo(target[sizeof(ushort)..]);
        target = target[(sizeof(ushort) + name.Length)..];
        BinaryPrimitives.WriteInt32LittleEndian(target, isNull ? -1 : value.Length);
        value.CopyTo(target[sizeof(int)..]);
        ByteCount += length;
        ref var slices = ref _slices[Count - 1];
        slices = slices with { HeadersLength = slices.HeadersLength + length };
    }

    private void Reserve(int more)
    {
        if (_bytes.Length - ByteCount < more)
        {
            _bytes = Grow(_bytes, ByteCount, checked(ByteCount + more));
        }
    }

    private static T[] Grow<T>(T[] array, int used, int atLeast)
    {
        var larger = ArrayPool<T>.Shared.Rent(Math.Max(atLeast, Math.Max(16, array.Length * 2)));
        Array.Copy(array, larger, used);
        Return(ref array);
        return larger;
    }

    private static void Return<T>(ref T[] array)
    {
        if (array.Length > 0)
        {
            ArrayPool<T>.Shared.Return(array);
        }

        array = [];
    }
}
