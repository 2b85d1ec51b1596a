namespace Pipeline.Simulator.People;

/// <summary>
/// Makes a text from a pattern: <c>#</c> is a digit, <c>@</c> a capital letter A–Z, <c>[abc]</c> one of the characters between
/// the brackets, <c>{a|b}</c> one of the patterns between the braces (not nested); everything else stands for itself.
/// </summary>
internal static class TextPattern
{
    private const int MaxLength = 48;

    public static string Fill(string pattern, ref Xoshiro256 random)
    {
        Span<char> buffer = stackalloc char[MaxLength];
        var length = 0;
        Fill(pattern, ref random, buffer, ref length);
        return new string(buffer[..length]);
    }

    private static void Fill(ReadOnlySpan<char> pattern, ref Xoshiro256 random, Span<char> buffer, ref int length)
    {
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '#':
                    buffer[length++] = (char)('0' + random.Below(10));
                    break;
                case '@':
                    buffer[length++] = (char)('A' + random.Below(26));
                    break;
                case '[':
                    var set = pattern[(i + 1)..];
                    set = set[..set.IndexOf(']')];
                    buffer[length++] = random.Pick(set);
                    i += set.Length + 1;
                    break;
                case '{':
                    var choices = pattern[(i + 1)..];
                    choices = choices[..choices.IndexOf('}')];
                    Fill(Choose(choices, ref random), ref random, buffer, ref length);
                    i += choices.Length + 1;
                    break;
                default:
                    buffer[length++] = pattern[i];
                    break;
            }
        }
    }

    private static ReadOnlySpan<char> Choose(ReadOnlySpan<char> choices, ref Xoshiro256 random)
    {
        var skip = random.Below(choices.Count('|') + 1);
        foreach (var range in choices.Split('|'))
        {
            if (skip-- == 0)
            {
                return choices[range];
            }
        }

        return choices;
    }
}
