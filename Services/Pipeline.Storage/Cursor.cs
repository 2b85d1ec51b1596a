using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;

namespace Pipeline.Storage;

/// <summary>
/// An opaque place in a listing: kind (1 byte), the parts of the row's key, checksum (4 bytes), as base64url. Numbers are
/// big-endian, text has its length before it. The checksum catches cursors that were cut, edited or made up.
/// </summary>
internal static class Cursor
{
    private const int ChecksumLength = 4;

    /// <summary>What is listed; a cursor of one listing is refused by the others.</summary>
    public enum Kind : byte
    {
        Events = 1,
        EventsOfUser,
        Windows,
        Sessions,
        Late,
        DeadLetters,
        Quality,
    }

    public static Writer Write(Kind kind) => new(kind);

    /// <exception cref="InvalidCursorException">Not a cursor of this kind.</exception>
    public static Reader Read(Kind kind, string cursor)
    {
        // A cursor holds a key, and keys are short: a longer text needs no decoding to be refused.
        if (cursor.Length is 0 or > 2048 || !Base64Url.IsValid(cursor))
        {
            throw Invalid();
        }

        var bytes = Base64Url.DecodeFromChars(cursor);
        var content = bytes.AsSpan(0, Math.Max(0, bytes.Length - ChecksumLength));
        if (content.IsEmpty || content[0] != (byte)kind || BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(content.Length)) != Checksum(content))
        {
            throw Invalid();
        }

        return new Reader(bytes.AsMemory(1, content.Length - 1));
    }

    private static InvalidCursorException Invalid()
        => new("The cursor is not one that this listing gave out. Leave it out to start from the first page.");

    /// <summary>FNV-1a: a guard against accidents, not against forgery; a forged cursor only names a place in a listing.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var hash = 2166136261u;
        foreach (var b in bytes)
        {
            hash = (hash ^ b) * 16777619u;
        }

        return hash;
    }

    public sealed class Writer(Kind kind)
    {
        private readonly List<byte> _bytes = [(byte)kind];

        public Writer Add(long value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(bytes, value);
            _bytes.AddRange(bytes);
            return this;
        }

        public Writer Add(string text)
        {
            var utf8 = Encoding.UTF8.GetBytes(text);
            Add(utf8.Length);
            _bytes.AddRange(utf8);
            return this;
        }

        public Writer Add(Guid id)
        {
            _bytes.AddRange(id.ToByteArray(bigEndian: true));
            return this;
        }

        public override string ToString()
        {
            var bytes = new byte[_bytes.Count + ChecksumLength];
            _bytes.CopyTo(bytes);
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(_bytes.Count), Checksum(bytes.AsSpan(0, _bytes.Count)));
            return Base64Url.EncodeToString(bytes);
        }
    }

    /// <summary>Reads the parts in the order they were added, then <see cref="End"/>.</summary>
    public sealed class Reader(ReadOnlyMemory<byte> content)
    {
        private ReadOnlyMemory<byte> _rest = content;

        public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(sizeof(long)));

        public int Int32()
        {
            var value = Int64();
            return value is < int.MinValue or > int.MaxValue ? throw Invalid() : (int)value;
        }

        public string Text() => Encoding.UTF8.GetString(Take(Int32()));

        public Guid Id() => new(Take(16), bigEndian: true);

        public void End()
        {
            if (!_rest.IsEmpty)
            {
                throw Invalid();
            }
        }

        private ReadOnlySpan<byte> Take(int length)
        {
            if (length < 0 || length > _rest.Length)
            {
                throw Invalid();
            }

            var taken = _rest[..length];
            _rest = _rest[length..];
            return taken.Span;
        }
    }
}
