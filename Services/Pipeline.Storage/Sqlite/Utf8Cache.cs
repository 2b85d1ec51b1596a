using System.Text;

namespace Pipeline.Storage.Sqlite;

/// <summary>The UTF-8 of text that repeats (types, codes, dimension values), so that binding it makes no garbage.</summary>
internal sealed class Utf8Cache
{
    // Types, codes and dimension values are closed sets in practice; the limit is for when they are not.
    private const int Capacity = 16_384;

    private readonly Dictionary<string, byte[]> _utf8 = new(StringComparer.Ordinal);

    public ReadOnlySpan<byte> this[string text]
    {
        get
        {
            if (_utf8.TryGetValue(text, out var bytes))
            {
                return bytes;
            }

            if (_utf8.Count >= Capacity)
            {
                _utf8.Clear();
            }

            bytes = Encoding.UTF8.GetBytes(text);
            _utf8.Add(text, bytes);
            return bytes;
        }
    }
}
