using System.Buffers.Binary;
using System.Text;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// Values as the native protocol has them (big-endian), for the tables that take most rows. The driver passes bytes on as they are; everything
/// else it checks and converts value by value, which costs several times as much as the conversion itself.
/// </summary>
internal static class CqlBytes
{
    private const int LengthBytes = 4;

    private static readonly byte[] False = [0];
    private static readonly byte[] True = [1];
    private static readonly byte[][] SmallInts = [.. Enumerable.Range(0, 1024).Select(i => Int16((short)i))];

    public static byte[] OfInt16(short value) => value >= 0 && value < SmallInts.Length ? SmallInts[value] : Int16(value);

    public static byte[] OfInt32(int value)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>A bigint, or a timestamp in Unix ms.</summary>
    public static byte[] OfInt64(long value)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    public static byte[] OfDouble(double value) => OfInt64(BitConverter.DoubleToInt64Bits(value));

    /// <summary>Not to be changed: one array for each value.</summary>
    public static byte[] OfBoolean(bool value) => value ? True : False;

    public static byte[] OfUuid(Guid value) => value.ToByteArray(bigEndian: true);

    public static byte[] OfText(string value) => Encoding.UTF8.GetBytes(value);

    /// <summary>How many bytes a text takes as a field of a user-defined type.</summary>
    public static int FieldSize(string text) => LengthBytes + Encoding.UTF8.GetByteCount(text);

    /// <summary>How many bytes a value of fixed size takes as a field of a user-defined type.</summary>
    public static int FieldSize(int bytes) => LengthBytes + bytes;

    /// <summary>Writes a field of a user-defined type and moves behind it.</summary>
    public static void AddField(ref Span<byte> to, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, to[LengthBytes..]);
        BinaryPrimitives.WriteInt32BigEndian(to, length);
        to = to[(LengthBytes + length)..];
    }

    /// <inheritdoc cref="AddField(ref Span{byte}, string)"/>
    public static void AddField(ref Span<byte> to, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, sizeof(int));
        BinaryPrimitives.WriteInt32BigEndian(to[LengthBytes..], value);
        to = to[(LengthBytes + sizeof(int))..];
    }

    /// <inheritdoc cref="AddField(ref Span{byte}, string)"/>
    public static void AddField(ref Span<byte> to, long value)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(to[LengthBytes..], value);
        to = to[(LengthBytes + sizeof(long))..];
    }

    private static byte[] Int16(short value)
    {
        var bytes = new byte[sizeof(short)];
        BinaryPrimitives.WriteInt16BigEndian(bytes, value);
        return bytes;
    }
}
