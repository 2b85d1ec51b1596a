using System.Buffers;
using System.Text.Unicode;

namespace Pipeline.Contracts;

/// <summary>Finds where bytes stop being UTF-8.</summary>
internal static class Utf8Check
{
    /// <summary>Offset of the first byte that does not belong to a valid sequence; the length when all do.</summary>
    public static int IndexOfInvalid(ReadOnlySpan<byte> bytes)
    {
        // Transcoding in pieces finds the place at vector speed and allocates nothing; the text itself is thrown away.
        Span<char> text = stackalloc char[256];
        var offset = 0;
        OperationStatus status;
        do
        {
            status = Utf8.ToUtf16(bytes[offset..], text, out var read, out _, replaceInvalidSequences: false);
            offset += read;
        }
        while (status == OperationStatus.DestinationTooSmall);

        return offset;
    }
}
