using System.Buffers.Binary;
using System.IO.Hashing;

namespace Pipeline.Processor;

/// <summary>
/// Id of a session from its user and its start: a UUID of version 8 (RFC 9562 §5.8) whose first 48 bits are the start in Unix ms and
/// whose other bits are the XxHash128 of the user's id. Two sessions of a user never start at the same time, so it is unique, and it
/// is the same whatever the order in which the session's events came.
/// </summary>
internal static class SessionId
{
    public static Guid Of(Guid userId, long start)
    {
        Span<byte> user = stackalloc byte[16];
        userId.TryWriteBytes(user, bigEndian: true, out _);
        Span<byte> id = stackalloc byte[16];
        XxHash128.Hash(user, id);
        Span<byte> time = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(time, start);
        time[2..].CopyTo(id);
        id[6] = (byte)((id[6] & 0x0f) | 0x80);
        id[8] = (byte)((id[8] & 0x3f) | 0x80);
        return new Guid(id, bigEndian: true);
    }
}
