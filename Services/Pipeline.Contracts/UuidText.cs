using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Contracts;

/// <summary>A UUID as UTF-8 text, hyphenated and written in lower case: the form of record keys and JSON values.</summary>
public static class UuidText
{
    public const int Length = 36;

    /// <summary>Writes the 36 bytes.</summary>
    /// <exception cref="ArgumentException">Less than 36 bytes of room.</exception>
    public static void Write(Span<byte> target, Guid uuid)
    {
        if (!uuid.TryFormat(target, out _, "D"))
        {
            throw new ArgumentException($"The text of a UUID needs {Length} bytes, there are {target.Length}.", nameof(target));
        }
    }

    /// <summary>
    /// Reads exactly 36 bytes: hyphens in their places, hex digits of either case, nothing else. (<c>Guid.TryParse</c> is
    /// slower and takes signs and blanks.)
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out Guid uuid)
    {
        if (text.Length != Length || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        {
            uuid = default;
            return false;
        }

        // The 32 digits without their hyphens, in order.
        var first = Vector128.Create(Read<ulong>(text, 0), Read<uint>(text, 9) | ((ulong)Read<uint>(text, 14) << 32)).AsByte();
        var second = Vector128.Create(Read<uint>(text, 19) | ((ulong)Read<uint>(text, 24) << 32), Read<ulong>(text, 28)).AsByte();
        var valid = ToNibbles(ref first) & ToNibbles(ref second);

        // Two nibbles make a byte; then the first three groups turn round, as Guid keeps them in machine order.
        var bytes = Vector128.Narrow(Pair(first), Pair(second));
        var layout = Vector128.Shuffle(bytes, Vector128.Create((byte)3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15));
        uuid = Unsafe.BitCast<Vector128<byte>, Guid>(layout);
        return valid == Vector128<byte>.AllBitsSet;
    }

    /// <summary>Turns hex digits into their values; the result has all bits set where there was a digit.</summary>
    private static Vector128<byte> ToNibbles(ref Vector128<byte> text)
    {
        var decimals = text - Vector128.Create((byte)'0');
        var letters = (text | Vector128.Create((byte)0x20)) - Vector128.Create((byte)'a');
        var isDecimal = Vector128.LessThanOrEqual(decimals, Vector128.Create((byte)9));
        var isLetter = Vector128.LessThanOrEqual(letters, Vector128.Create((byte)5));
        text = Vector128.ConditionalSelect(isDecimal, decimals, letters + Vector128.Create((byte)10));
        return isDecimal | isLetter;
    }

    private static Vector128<ushort> Pair(Vector128<byte> nibbles)
    {
        var pairs = nibbles.AsUInt16();
        return ((pairs & Vector128.Create((ushort)0xFF)) << 4) | (pairs >>> 8);
    }

    private static T Read<T>(ReadOnlySpan<byte> text, int start)
        where T : struct
        => MemoryMarshal.Read<T>(text[start..]);
}
