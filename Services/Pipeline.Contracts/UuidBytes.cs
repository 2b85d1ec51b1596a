namespace Pipeline.Contracts;

/// <summary>
/// A UUID as its 16 bytes in RFC 9562 order (big-endian), the form in which it is stored: of two time-ordered ids the
/// earlier one's bytes sort first. <see cref="Guid.CompareTo(Guid)"/> sorts the same way.
/// </summary>
public static class UuidBytes
{
    public const int Length = 16;

    /// <exception cref="ArgumentException">Less than 16 bytes of room.</exception>
    public static void Write(Span<byte> target, Guid uuid)
    {
        if (!uuid.TryWriteBytes(target, bigEndian: true, out _))
        {
            throw new ArgumentException($"A UUID needs {Length} bytes, there are {target.Length}.", nameof(target));
        }
    }

    /// <exception cref="ArgumentException">Not exactly 16 bytes.</exception>
    public static Guid Read(ReadOnlySpan<byte> bytes) => new(bytes, bigEndian: true);

    /// <summary>The first 48 bits as Unix ms: the time of a version 7 id, and of this pipeline's version 8 ids.</summary>
    public static long UnixMilliseconds(Guid uuid)
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(bytes, uuid);
        return (long)(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16);
    }
}
