using System.Buffers.Binary;
using System.IO.Hashing;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>
/// A stored batch, little endian:
/// <code>
/// 0   8  XxHash3 (64 bit) of everything behind it, seeded with the base offset
/// 8   1  version (1)
/// 9   3  zero
/// 12  4  number of records
/// 16  4  bytes of data (d)
/// 20  d  data: key, value, headers of one record after another
/// 20+d   one entry of 20 bytes per record: timestamp (8), length of key (4), of value (4), of headers (4); −1 is null
/// </code>
/// The seed makes a batch that ended up under another offset as wrong as a damaged one.
/// </summary>
internal static class BatchFormat
{
    public const byte Version = 1;
    public const int HeaderBytes = 20;
    public const int EntryBytes = 20;
    private const int HashBytes = sizeof(ulong);

    public static void WriteHeader(Span<byte> batch, int count, int dataLength, long baseOffset)
    {
        batch[HashBytes] = Version;
        batch.Slice(HashBytes + 1, 3).Clear();
        BinaryPrimitives.WriteInt32LittleEndian(batch[12..], count);
        BinaryPrimitives.WriteInt32LittleEndian(batch[16..], dataLength);
        BinaryPrimitives.WriteUInt64LittleEndian(batch, Hash(batch, baseOffset));
    }

    public static void WriteEntry(Span<byte> entry, in RecordSlices slices)
    {
        BinaryPrimitives.WriteInt64LittleEndian(entry, slices.Timestamp);
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], slices.KeyLength);
        BinaryPrimitives.WriteInt32LittleEndian(entry[12..], slices.ValueLength);
        BinaryPrimitives.WriteInt32LittleEndian(entry[16..], slices.HeadersLength);
    }

    /// <summary>Takes the parts of a batch apart; false when it is not what was written.</summary>
    public static bool TryRead(ReadOnlySpan<byte> batch, long baseOffset, out int count, out ReadOnlySpan<byte> data, out ReadOnlySpan<byte> entries)
    {
        count = 0;
        data = default;
        entries = default;
        if (batch.Length < HeaderBytes || BinaryPrimitives.ReadUInt64LittleEndian(batch) != Hash(batch, baseOffset) || batch[HashBytes] != Version)
        {
            return false;
        }

        count = BinaryPrimitives.ReadInt32LittleEndian(batch[12..]);
        var dataLength = BinaryPrimitives.ReadInt32LittleEndian(batch[16..]);
        data = batch.Slice(HeaderBytes, dataLength);
        entries = batch[(HeaderBytes + dataLength)..];
        return entries.Length == count * EntryBytes;
    }

    /// <summary>An entry, with the offset of its record and where its bytes start.</summary>
    public static RecordSlices ReadEntry(ReadOnlySpan<byte> entry, long offset, int start) => new(
        offset,
        BinaryPrimitives.ReadInt64LittleEndian(entry),
        start,
        BinaryPrimitives.ReadInt32LittleEndian(entry[8..]),
        BinaryPrimitives.ReadInt32LittleEndian(entry[12..]),
        BinaryPrimitives.ReadInt32LittleEndian(entry[16..]));

    private static ulong Hash(ReadOnlySpan<byte> batch, long baseOffset) => XxHash3.HashToUInt64(batch[HashBytes..], baseOffset);
}
