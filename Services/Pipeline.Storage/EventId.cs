using System.Buffers.Binary;

namespace Pipeline.Storage;

/// <summary>What the store reads from an id.</summary>
internal static class EventId
{
    /// <summary>The event time that an id of ours begins with, as UUID version 7 has it (RFC 9562 §5.7).</summary>
    public static long TimeIn(Guid eventId)
    {
        Span<byte> bytes = stackalloc byte[16];
        eventId.TryWriteBytes(bytes, bigEndian: true, out _);
        return (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16);
    }

    /// <summary>
    /// 64 well-mixed bits of an id (the finalizer of MurmurHash3): foreign ids may be counters or share their last bytes.
    /// Part of the file format.
    /// </summary>
    public static long Hash(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var h = BinaryPrimitives.ReadUInt64BigEndian(bytes) ^ (BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]) * 0x9E3779B97F4A7C15);
        h ^= h >> 33;
        h *= 0xFF51AFD7ED558CCD;
        h ^= h >> 33;
        h *= 0xC4CEB9FE1A85EC53;
        h ^= h >> 33;
        return (long)h;
    }
}
