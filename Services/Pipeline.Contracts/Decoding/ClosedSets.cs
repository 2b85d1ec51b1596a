namespace Pipeline.Contracts;

/// <summary>Reads the wire names of the closed sets.</summary>
internal static class ClosedSets
{
    private static readonly Nationality[] NationalityByCode = IndexNationalities();

    public static bool TryRead(ReadOnlySpan<byte> text, out EventType type)
    {
        type = text.SequenceEqual("profile"u8) ? EventType.Profile
            : text.SequenceEqual("view"u8) ? EventType.View
            : text.SequenceEqual("login"u8) ? EventType.Login
            : text.SequenceEqual("update"u8) ? EventType.Update
            : text.SequenceEqual("logout"u8) ? EventType.Logout
            : text.SequenceEqual("error"u8) ? EventType.Error
            : EventType.Unknown;
        return type != EventType.Unknown;
    }

    public static bool TryRead(ReadOnlySpan<byte> text, out Gender gender)
    {
        gender = text.SequenceEqual("female"u8) ? Gender.Female
            : text.SequenceEqual("male"u8) ? Gender.Male
            : text.SequenceEqual("other"u8) ? Gender.Other
            : Gender.Unknown;
        return gender != Gender.Unknown;
    }

    /// <summary>An open set: any two capitals are a nationality, one that is not listed reads as unknown.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out Nationality nationality)
    {
        nationality = Nationality.Unknown;
        if (text.Length != 2 || !IsCapital(text[0]) || !IsCapital(text[1]))
        {
            return false;
        }

        nationality = NationalityByCode[((text[0] - 'A') * 26) + text[1] - 'A'];
        return true;
    }

    private static bool IsCapital(byte c) => (uint)(c - 'A') < 26;

    private static Nationality[] IndexNationalities()
    {
        var byCode = new Nationality[26 * 26];
        foreach (var nationality in Enum.GetValues<Nationality>())
        {
            if (nationality != Nationality.Unknown)
            {
                var code = nationality.WireName();
                byCode[((code[0] - 'A') * 26) + code[1] - 'A'] = nationality;
            }
        }

        return byCode;
    }
}
