using System.Buffers;

namespace Pipeline.Contracts;

/// <summary>
/// The shape of an e-mail address as far as a pipeline can judge it: one @, a local part, a domain with a dot inside, no
/// blanks, controls, quotes or backslashes. Any script is welcome.
/// </summary>
internal static class EmailShape
{
    public const int MaxBytes = 254;

    /// <summary>The same as a regular expression, for schemas.</summary>
    public const string Pattern = """^[^@\u0000-\u0020\u007F"\\]+@[^@\u0000-\u0020\u007F"\\.][^@\u0000-\u0020\u007F"\\]*\.[^@\u0000-\u0020\u007F"\\.]+$""";

    private static readonly SearchValues<byte> Forbidden
        = SearchValues.Create([.. Enumerable.Range(0, 0x21).Select(c => (byte)c), 0x7F, (byte)'"', (byte)'\\']);

    /// <summary>Where the domain starts; −1 when the text is not of the shape.</summary>
    public static int DomainStart(ReadOnlySpan<byte> text)
    {
        var at = text.IndexOf((byte)'@');
        if (at < 1 || text.Length > MaxBytes)
        {
            return -1;
        }

        var domain = text[(at + 1)..];
        return domain.IndexOf((byte)'.') > 0 && domain[^1] != '.' && !domain.Contains((byte)'@') && !text.ContainsAny(Forbidden)
            ? at + 1
            : -1;
    }
}
