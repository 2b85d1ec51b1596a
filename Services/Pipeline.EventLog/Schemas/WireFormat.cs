using System.Buffers.Binary;

namespace Pipeline.EventLog.Schemas;

/// <summary>The registry's framing of a value: a zero byte, the schema's id (int32, big-endian), the encoded value.</summary>
internal static class WireFormat
{
    public const int HeaderLength = 5;

    /// <summary>JSON text never begins with a zero byte, so framed and plain values can be told apart.</summary>
    public static bool IsFramed(ReadOnlySpan<byte> value) => value.Length >= HeaderLength && value[0] == 0;

    public static int SchemaId(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadInt32BigEndian(value[1..]);

    public static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> value) => value[HeaderLength..];

    public static void WriteHeader(Span<byte> target, int schemaId)
    {
        target[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(target[1..], schemaId);
    }
}
