using System.Text;

namespace Pipeline.Contracts;

/// <summary>The names of the contract's closed sets on the wire, as interned strings and UTF-8; nothing here allocates per call.</summary>
public static class WireNames
{
    private static readonly string[] Fields = [.. Enum.GetValues<Field>().Where(f => f != Field.None).Select(f => SnakeCase(f.ToString()))];
    private static readonly byte[][] Utf8Fields = [.. Fields.Select(Encoding.UTF8.GetBytes)];
    private static readonly string[] Reasons = [.. Enum.GetValues<ReasonCode>().Select(r => SnakeCase(r.ToString()))];
    private static readonly string[] EventTypes = [.. Enum.GetValues<EventType>().Select(t => SnakeCase(t.ToString()))];
    private static readonly string[] Genders = [.. Enum.GetValues<Gender>().Select(g => SnakeCase(g.ToString()))];
    private static readonly string[] Nationalities = [.. Enum.GetValues<Nationality>().Select(n => n == Nationality.Unknown ? "unknown" : n.ToString())];

    /// <summary>Number of fields of the contract; their <see cref="Field"/> values are 0 to this, exclusive.</summary>
    public static int FieldCount => Fields.Length;

    /// <summary><c>first_name</c>, …; empty for <see cref="Field.None"/>.</summary>
    public static string WireName(this Field field) => (int)field < Fields.Length ? Fields[(int)field] : string.Empty;

    public static ReadOnlySpan<byte> Utf8Name(this Field field) => (int)field < Utf8Fields.Length ? Utf8Fields[(int)field] : [];

    /// <summary><c>malformed_json</c>, …; <c>none</c> for no reason.</summary>
    public static string WireName(this ReasonCode reason) => Reasons[(int)reason];

    /// <summary><c>login</c>, …; <c>unknown</c> when it is not known.</summary>
    public static string WireName(this EventType type) => EventTypes[(int)type];

    /// <summary><c>female</c>, …; <c>unknown</c> when it is not known.</summary>
    public static string WireName(this Gender gender) => Genders[(int)gender];

    /// <summary><c>US</c>, …; <c>unknown</c> when it is not one of the contract's.</summary>
    public static string WireName(this Nationality nationality) => Nationalities[(int)nationality];

    public static bool TryParseField(string name, out Field field) => TryFind(Fields, name, 0, out field);

    public static bool TryParseReason(string name, out ReasonCode reason) => TryFind(Reasons, name, 1, out reason);

    public static bool TryParseEventType(string name, out EventType type) => TryFind(EventTypes, name, 1, out type);

    public static bool TryParseGender(string name, out Gender gender) => TryFind(Genders, name, 1, out gender);

    public static bool TryParseNationality(string name, out Nationality nationality) => TryFind(Nationalities, name, 1, out nationality);

    private static bool TryFind<T>(string[] names, string name, int first, out T value)
        where T : struct, Enum
    {
        var index = Array.IndexOf(names, name);
        var found = index >= first;
        value = found ? (T)Enum.ToObject(typeof(T), index) : default;
        return found;
    }

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0)
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(c));
        }

        return string.Intern(text.ToString());
    }
}
