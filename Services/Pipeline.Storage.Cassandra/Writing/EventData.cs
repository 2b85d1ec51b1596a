using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>An event's value as the seed's map of text.</summary>
internal static class EventData
{
    private const int LengthBytes = 4;

    // A key of a map is part of a cell's name, which has two bytes for its length.
    private const int LongestName = ushort.MaxValue;

    // Fits the events of the contract; larger values take rented memory.
    private const int UsualBytes = 2048;

    /// <summary>
    /// The fields of a JSON object as an encoded map: text as it is, everything else as JSON, nulls and fields with a name of more than 65,535 bytes left out. Empty when the value is no JSON object. Of two fields
    /// with one name the later counts.
    /// </summary>
    public static byte[] ToMap(ReadOnlySpan<byte> value)
    {
        // Each field is longer in JSON, by quotes, colon and comma, but for its two lengths here.
        var most = LengthBytes + (value.Length * 3);
        var rented = most > UsualBytes ? ArrayPool<byte>.Shared.Rent(most) : null;
        try
        {
            Span<byte> buffer = rented ?? stackalloc byte[UsualBytes];
            return buffer[..Write(value, buffer)].ToArray();
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private static int Write(ReadOnlySpan<byte> value, Span<byte> to)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, 0);
        try
        {
            var (fields, at) = (0, LengthBytes);
            var reader = new Utf8JsonReader(value);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return LengthBytes;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var start = at;
                at += WriteText(ref reader, to[at..]);
                var isLong = at - start > LengthBytes + LongestName;
                reader.Read();
                if (isLong)
                {
                    reader.Skip();
                    at = start;
                    continue;
                }

                if (reader.TokenType == JsonTokenType.String)
                {
                    at += WriteText(ref reader, to[at..]);
                }
                else if (reader.TokenType == JsonTokenType.Null)
                {
                    at = start;
                    continue;
                }
                else
                {
                    var from = (int)reader.TokenStartIndex;
                    reader.Skip();
                    var json = value[from..(int)reader.BytesConsumed];
                    BinaryPrimitives.WriteInt32BigEndian(to[at..], json.Length);
                    json.CopyTo(to[(at + LengthBytes)..]);
                    at += LengthBytes + json.Length;
                }

                fields++;
            }

            BinaryPrimitives.WriteInt32BigEndian(to, fields);
            return at;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            BinaryPrimitives.WriteInt32BigEndian(to, 0);
            return LengthBytes;
        }
    }

    /// <summary>A name or a string without its escapes, behind its length.</summary>
    private static int WriteText(ref Utf8JsonReader reader, Span<byte> to)
    {
        var length = reader.CopyString(to[LengthBytes..]);
        BinaryPrimitives.WriteInt32BigEndian(to, length);
        return LengthBytes + length;
    }
}
