using System.Buffers.Binary;
using System.Text;

namespace Pipeline.Streaming;

/// <summary>
/// Walks the headers of a record without allocating. Encoding, per header: name length (uint16 LE), UTF-8 name,
/// value length (int32 LE, −1 for null), value.
/// </summary>
public ref struct HeaderReader(ReadOnlySpan<byte> encoded)
{
    private ReadOnlySpan<byte> _rest = encoded;

    /// <summary>UTF-8 name of the current header.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Value of the current header; empty when it is null.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Whether the current header has no value; not the same as an empty one.</summary>
    public bool IsNull { get; private set; }

    /// <summary>Moves to the next header; names may repeat.</summary>
    public bool MoveNext()
    {
        if (_rest.Length < sizeof(ushort))
        {
            return false;
        }

        var nameLength = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        Name = _rest.Slice(sizeof(ushort), nameLength);
        _rest = _rest[(sizeof(ushort) + nameLength)..];
        var valueLength = BinaryPrimitives.ReadInt32LittleEndian(_rest);
        IsNull = valueLength < 0;
        Value = _rest.Slice(sizeof(int), Math.Max(0, valueLength));
        _rest = _rest[(sizeof(int) + Math.Max(0, valueLength))..];
        return true;
    }

    /// <summary>The last value under a name, as Kafka's <c>lastHeader</c>; empty when absent.</summary>
    public static ReadOnlySpan<byte> Last(HeaderReader headers, ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> found = default;
        while (headers.MoveNext())
        {
            if (headers.Name.SequenceEqual(name))
            {
                found = headers.Value;
            }
        }

        return found;
    }

    /// <summary>All headers as text, for display.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> ToList(HeaderReader headers)
    {
        var list = new List<KeyValuePair<string, string>>();
        while (headers.MoveNext())
        {
            list.Add(new(Encoding.UTF8.GetString(headers.Name), Encoding.UTF8.GetString(headers.Value)));
        }

        return list;
    }
}
