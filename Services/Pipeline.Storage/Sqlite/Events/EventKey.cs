using System.Buffers.Binary;

namespace Pipeline.Storage.Sqlite.Events;

/// <summary>
/// The integer key of a stored event: event time in the upper 44 bits, a slot within the millisecond in the lower 20. An
/// integer key that grows with time is the cheapest thing SQLite can append to and the one that listings by time need.
/// The slot is a hash of the event id; when another event has it, the next one of the same millisecond is taken.
/// </summary>
internal static class EventKey
{
    public const int SlotBits = 20;

    public const int SlotCount = 1 << SlotBits;

    /// <summary>About the years 1691 and 2248.</summary>
    public const long MinTime = long.MinValue >> SlotBits;

    public const long MaxTime = long.MaxValue >> SlotBits;

    private const long SlotMask = SlotCount - 1;

    /// <exception cref="StorageException">The time is outside what a key can hold.</exception>
    public static long Of(long eventTime, Guid eventId)
    {
        if (eventTime is < MinTime or > MaxTime)
        {
            throw new StorageException($"Event {eventId} has the event time {eventTime} ms, which is outside the years 1692 to 2248 that can be stored.", isTransient: false);
        }

        return (eventTime << SlotBits) | (Hash(eventId) & SlotMask);
    }

    /// <summary>The next slot of the same millisecond, the first one after the last.</summary>
    public static long Next(long key) => (key & ~SlotMask) | ((key + 1) & SlotMask);

    public static long TimeOf(long key) => key >> SlotBits;

    /// <summary>The lowest key at or after a time; times out of range become the nearest end.</summary>
    public static long LowerBound(long eventTime)
        => eventTime <= MinTime ? long.MinValue : eventTime > MaxTime ? long.MaxValue : eventTime << SlotBits;

    /// <summary>The event time that an id of ours begins with, as UUID version 7 has it (RFC 9562 §5.7).</summary>
    public static long TimeInId(Guid eventId)
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
