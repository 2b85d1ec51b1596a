using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Contracts;

/// <summary>
/// Deterministic, time-ordered event ids: name-based UUIDs of version 8 (RFC 9562 §5.8, hashed as in its appendix B.2 with
/// SHA-256), whose first 48 bits are the event time in Unix ms, as those of version 7 are. The same event gets the same id
/// in every retry, replay and backfill, and stores get a key that grows with time.
/// </summary>
/// <remarks>
/// <para>Id: 48 bits event time in Unix ms; 4 bits version (8); 12 bits hash; 2 bits variant (10); 62 bits hash. The hash bits
/// are the first 74 bits of SHA-256(namespace ‖ name), taken in order.</para>
/// <para>Name of a fetched user: 0x01, length of the source (4 bytes), source (UTF-8), length of the seed (4), seed (UTF-8),
/// page (4), index in the page (4), event time (8).</para>
/// <para>Name of an activity: 0x02, user id (16 bytes, RFC order), length of the type's wire name (4), the name (UTF-8), event
/// time (8), length of the discriminator (4), discriminator (UTF-8).</para>
/// <para>Numbers are big-endian; lengths keep two texts apart from one that contains both.</para>
/// </remarks>
public static class EventId
{
    /// <summary>Largest event time that fits 48 bits, Unix ms (in the year 10889); the smallest is 0.</summary>
    public const long MaxTime = (1L << 48) - 1;

    private const byte FetchedUser = 1;
    private const byte ActivityOfUser = 2;
    private const int MaxStackBytes = 512;

    private static readonly Guid Namespace = new("2261d1d4-8581-4917-9a72-029cafcd6dd4");

    /// <summary>The id of the user that stands at an index of a page of a seed of a source.</summary>
    /// <param name="eventTimeMs">Unix ms.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative or does not fit 48 bits.</exception>
    public static Guid ForFetchedUser(string source, string seed, int page, int index, long eventTimeMs)
    {
        CheckTime(eventTimeMs);
        var size = UuidBytes.Length + 1 + sizeof(int) + Encoding.UTF8.GetMaxByteCount(source.Length)
            + sizeof(int) + Encoding.UTF8.GetMaxByteCount(seed.Length) + (2 * sizeof(int)) + sizeof(long);
        byte[]? rented = null;
        var name = size <= MaxStackBytes ? stackalloc byte[MaxStackBytes] : rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var i = Start(name, FetchedUser);
            i = Append(name, i, source);
            i = Append(name, i, seed);
            i = Append(name, i, page);
            i = Append(name, i, index);
            i = Append(name, i, eventTimeMs);
            return Hash(name[..i], eventTimeMs);
        }
        finally
        {
            Return(rented);
        }
    }

    /// <summary>The id of what a user did at an instant.</summary>
    /// <param name="eventTimeMs">Unix ms.</param>
    /// <param name="discriminator">Tells apart several events of one user, type and millisecond.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative or does not fit 48 bits.</exception>
    public static Guid ForActivity(Guid userId, EventType type, long eventTimeMs, string discriminator = "")
    {
        CheckTime(eventTimeMs);
        const int MaxTypeBytes = 32;
        var size = UuidBytes.Length + 1 + UuidBytes.Length + sizeof(int) + MaxTypeBytes + sizeof(long)
            + sizeof(int) + Encoding.UTF8.GetMaxByteCount(discriminator.Length);
        byte[]? rented = null;
        var name = size <= MaxStackBytes ? stackalloc byte[MaxStackBytes] : rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var i = Start(name, ActivityOfUser);
            UuidBytes.Write(name[i..], userId);
            i = Append(name, i + UuidBytes.Length, type.WireName());
            i = Append(name, i, eventTimeMs);
            i = Append(name, i, discriminator);
            return Hash(name[..i], eventTimeMs);
        }
        finally
        {
            Return(rented);
        }
    }

    private static Guid Hash(ReadOnlySpan<byte> name, long eventTimeMs)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(name, hash);
        var first = BinaryPrimitives.ReadUInt64BigEndian(hash);
        var second = BinaryPrimitives.ReadUInt64BigEndian(hash[sizeof(ulong)..]);

        Span<byte> id = stackalloc byte[UuidBytes.Length];
        BinaryPrimitives.WriteUInt64BigEndian(id, ((ulong)eventTimeMs << 16) | 0x8000 | (first >> 52));
        var next62 = ((first << 12) | (second >> 52)) >> 2;
        BinaryPrimitives.WriteUInt64BigEndian(id[sizeof(ulong)..], 0x8000_0000_0000_0000 | next62);
        return UuidBytes.Read(id);
    }

    private static int Start(Span<byte> name, byte kind)
    {
        UuidBytes.Write(name, Namespace);
        name[UuidBytes.Length] = kind;
        return UuidBytes.Length + 1;
    }

    private static int Append(Span<byte> name, int i, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, name[(i + sizeof(int))..]);
        return Append(name, i, length) + length;
    }

    private static int Append(Span<byte> name, int i, int number)
    {
        BinaryPrimitives.WriteInt32BigEndian(name[i..], number);
        return i + sizeof(int);
    }

    private static int Append(Span<byte> name, int i, long number)
    {
        BinaryPrimitives.WriteInt64BigEndian(name[i..], number);
        return i + sizeof(long);
    }

    private static void CheckTime(long eventTimeMs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(eventTimeMs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(eventTimeMs, MaxTime);
    }

    private static void Return(byte[]? rented)
    {
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
