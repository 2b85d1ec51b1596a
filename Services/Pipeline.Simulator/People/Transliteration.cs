using System.Collections.Frozen;
using System.Text;

namespace Pipeline.Simulator.People;

/// <summary>
/// Names as they stand in e-mail addresses: Latin letters without marks, Persian letters by the same romanisation as the
/// genuine service (short vowels are not written, so <c>شایان</c> is <c>shyn</c>), lower case, no spaces. Unknown characters are left out.
/// </summary>
internal static class Transliteration
{
    private static readonly FrozenDictionary<char, string> Letters = Build(
        "a:áàâãäåāăą c:çćčĉ d:đď e:éèêëēėęě g:ğĝģ h:ĥ i:íìîïīıİ j:ĵ k:ķ l:łļľ n:ñńņň o:óòôõöøōő r:řŕ s:śšşŝș t:ťţț u:úùûüūůűų w:ŵ y:ýÿ z:źžż ae:æ oe:œ ss:ß th:þ d:ð",
        "a:آ b:ب p:پ t:ت th:ث j:ج ch:چ h:ح kh:خ d:د dh:ذ r:ر z:ز j:ژ s:س sh:ش s:ص d:ض t:ط z:ظ aa:ع g:غ f:ف q:ق kh:ک k:ك g:گ l:ل m:م n:ن w:و h:ه y:ی y:ي y':ئ");

    public static string ToEmailPart(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var c in name)
        {
            var lower = char.ToLowerInvariant(c);
            if (lower == ' ')
            {
                continue;
            }

            if (lower < 0x80)
            {
                text.Append(lower);
            }
            else if (Letters.TryGetValue(lower, out var latin) || Letters.TryGetValue(c, out latin))
            {
                text.Append(latin);
            }
        }

        return text.ToString();
    }

    private static FrozenDictionary<char, string> Build(params ReadOnlySpan<string> tables)
    {
        var letters = new Dictionary<char, string>();
        foreach (var table in tables)
        {
            foreach (var entry in table.Split(' '))
            {
                var colon = entry.IndexOf(':', StringComparison.Ordinal);
                foreach (var letter in entry.AsSpan(colon + 1))
                {
                    letters[letter] = entry[..colon];
                }
            }
        }

        return letters.ToFrozenDictionary();
    }
}
