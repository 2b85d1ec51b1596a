using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Simulator.People;

/// <summary>256 bits from which every value of a page (or of an activity run) follows.</summary>
internal readonly record struct SeedKey(ulong Word0, ulong Word1, ulong Word2, ulong Word3)
{
    /// <summary>SHA-256 of the seed's UTF-8, a zero byte and the page as text, read as four little-endian words.</summary>
    public static SeedKey ForPage(string seed, string page)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(seed + '\0' + page), hash);
        return new SeedKey(
            BinaryPrimitives.ReadUInt64LittleEndian(hash),
            BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(hash[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(hash[24..]));
    }
}
