using System.Text;

namespace Pipeline.Contracts;

/// <summary>Text inside a record's value, still escaped as JSON: a position, not the bytes.</summary>
public readonly record struct TextSlice
{
    // Length and escape flag share an int, because a decoded event holds a dozen of these and is cleared per record.
    private readonly int _lengthAndFlag;

    public TextSlice(int start, int length, bool isEscaped)
    {
        Start = start;
        _lengthAndFlag = (length << 1) | (isEscaped ? 1 : 0);
    }

    public int Start { get; }

    /// <summary>Length in the value, in bytes, with its escapes.</summary>
    public int Length => _lengthAndFlag >> 1;

    /// <summary>Whether it holds backslash escapes; if not, its bytes are the text.</summary>
    public bool IsEscaped => (_lengthAndFlag & 1) != 0;

    public bool IsEmpty => _lengthAndFlag < 2;

    /// <summary>The bytes as they stand in the value, escapes included.</summary>
    public ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> value) => value.Slice(Start, Length);

    /// <summary>
    /// The text's UTF-8 bytes without escapes: a slice of the value where there are none, else written to
    /// <paramref name="buffer"/>, which must have room for <see cref="Length"/> bytes.
    /// </summary>
    public ReadOnlySpan<byte> Utf8(ReadOnlySpan<byte> value, Span<byte> buffer)
    {
        var raw = Raw(value);
        return IsEscaped ? buffer[..JsonText.Unescape(raw, buffer)] : raw;
    }

    /// <summary>The text as a string; allocates.</summary>
    public string Text(ReadOnlySpan<byte> value)
    {
        var raw = Raw(value);
        return IsEscaped ? Encoding.UTF8.GetString(Utf8(value, new byte[Length])) : Encoding.UTF8.GetString(raw);
    }
}
