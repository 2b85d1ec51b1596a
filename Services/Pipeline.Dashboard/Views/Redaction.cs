using System.Collections.Frozen;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.ServiceDefaults.Security;
using Pipeline.Storage;

namespace Pipeline.Dashboard.Views;

/// <summary>
/// Values for people who may not see personal data: a field is shown when the contract knows it and does not tag it as personal, everything
/// else is covered. Every byte keeps its place, so that the place of an error stays right. The user's id stays: it names nobody by itself.
/// </summary>
internal static class Redaction
{
    private const byte Cover = (byte)'*';

    private static readonly FrozenSet<string> Open = ContractModel.Embedded.Fields
        .Where(field => field.Pii == PiiKind.None)
        .Select(field => field.Name)
        .Append("user_id")
        .ToFrozenSet(StringComparer.Ordinal);

    public static byte[] Mask(ReadOnlySpan<byte> value)
    {
        var masked = value.ToArray();
        var reader = new Utf8JsonReader(value);
        var read = 0;
        try
        {
            // Only what stands directly behind the name of an open field is shown: a list or an object may hold anything.
            for (var isOpen = false; reader.Read(); read = (int)reader.BytesConsumed)
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        isOpen = Open.Contains(reader.GetString()!);
                        break;
                    case JsonTokenType.StartObject or JsonTokenType.EndObject or JsonTokenType.StartArray or JsonTokenType.EndArray:
                        isOpen = false;
                        break;
                    default:
                        if (!isOpen)
                        {
                            var token = masked.AsSpan((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex));
                            (reader.TokenType == JsonTokenType.String ? token[1..^1] : token).Fill(Cover);
                        }

                        isOpen = false;
                        break;
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // From here on it is no JSON, so nobody knows what stands where.
            CoverWords(masked.AsSpan(read));
        }

        return masked;
    }

    public static string Mask(string value) => Encoding.UTF8.GetString(Mask(Encoding.UTF8.GetBytes(value)));

    /// <summary>The event as a caller of the API may see it: for a viewer with open fields only.</summary>
    public static StoredEvent For(ClaimsPrincipal caller, StoredEvent e)
        => MaySeePersonal(caller) ? e : e with { Data = KeepOpen(e.Data), Nationality = "", Country = "", Region = "", Gender = "", AgeBand = "" };

    /// <inheritdoc cref="For(ClaimsPrincipal, StoredEvent)"/>
    public static LateEvent For(ClaimsPrincipal caller, LateEvent e) => MaySeePersonal(caller) ? e : e with { Data = KeepOpen(e.Data) };

    /// <summary>The dead letter as a caller of the API may see it: for a viewer with its bytes covered.</summary>
    public static DeadLetterEntry For(ClaimsPrincipal caller, DeadLetterEntry entry) => MaySeePersonal(caller) ? entry : entry with { Value = Mask(entry.Value) };

    public static bool MaySeePersonal(ClaimsPrincipal person) => ApiRoles.Holds(person, ApiRoles.Operator);

    private static byte[] KeepOpen(ReadOnlyMemory<byte> data)
    {
        try
        {
            using var document = JsonDocument.Parse(data);
            return document.RootElement.ValueKind != JsonValueKind.Object
                ? "{}"u8.ToArray()
                : JsonSerializer.SerializeToUtf8Bytes(document.RootElement.EnumerateObject()
                    .Where(field => Open.Contains(field.Name) && field.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
                    .GroupBy(field => field.Name, StringComparer.Ordinal)
                    .ToDictionary(field => field.Key, field => field.Last().Value, StringComparer.Ordinal));
        }
        catch (JsonException)
        {
            // Another wire format: which of its bytes are personal is not known here.
            return "{}"u8.ToArray();
        }
    }

    private static void CoverWords(Span<byte> bytes)
    {
        foreach (ref var b in bytes)
        {
            if (b >= 0x80 || char.IsAsciiLetterOrDigit((char)b))
            {
                b = Cover;
            }
        }
    }
}
