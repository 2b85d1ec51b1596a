using Pipeline.Simulator.Api;

namespace Pipeline.Simulator.People;

/// <summary>
/// The <c>password</c> parameter: <c>CHARSETS[,LENGTH|,MIN-MAX]</c>. Charsets are exact, in lower case, and may stand anywhere in the list; the last item is the
/// length; a minimum outside 1–64 is 8, a maximum outside 1–64 or below the minimum is 64.
/// </summary>
internal sealed record PasswordPolicy(string Charset, int MinLength, int MaxLength)
{
    private const int LongestAllowed = 64;
    private const int DefaultMinLength = 8;

    private static readonly (string Name, string Characters)[] Charsets =
    [
        ("special", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
        ("upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("lower", "abcdefghijklmnopqrstuvwxyz"),
        ("number", "0123456789"),
    ];

    /// <summary>Null, which means a password of the list, when the parameter is absent or names no charset.</summary>
    public static PasswordPolicy? Parse(string? parameter)
    {
        if (string.IsNullOrEmpty(parameter))
        {
            return null;
        }

        var items = parameter.Split(',');
        var charset = string.Concat(items.Distinct().Join(Charsets, item => item, set => set.Name, (_, set) => set.Characters));
        if (charset.Length == 0)
        {
            return null;
        }

        var length = items[^1].Split('-');
        var bounds = length.Select(JsNumber.Parse).ToArray();
        var min = bounds.Min();
        var max = bounds.Any(double.IsNaN) ? double.NaN : bounds.Max();
        min = min is >= 1 and <= LongestAllowed ? min : DefaultMinLength;
        max = max is >= 1 and <= LongestAllowed && max >= min ? max : LongestAllowed;
        return new PasswordPolicy(charset, (int)Math.Ceiling(min), (int)Math.Ceiling(max));
    }

    public string Generate(ref Xoshiro256 random)
    {
        Span<char> password = stackalloc char[LongestAllowed];
        var length = random.Range(MinLength, MaxLength);
        for (var i = 0; i < length; i++)
        {
            password[i] = random.Pick<char>(Charset);
        }

        return new string(password[..length]);
    }
}
