using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.Contracts.Tests.Decoding;

/// <summary>
/// The oracle: says what <see cref="EventDecoder"/> should say, from System.Text.Json's document model, the contract file and
/// .NET's own parsers, slowly and by other means.
/// </summary>
internal static partial class ReferenceDecoder
{
    public static (DecodeResult Result, Dictionary<Field, object> Values) Decode(byte[] value)
    {
        var values = new Dictionary<Field, object>();
        return (Judge(value, values), values);
    }

    private static DecodeResult Judge(byte[] value, Dictionary<Field, object> values)
    {
        if (value.Length == 0)
        {
            return new(ReasonCode.EmptyValue);
        }

        var topic = ContractModel.Embedded.Topics[0];
        if (value.Length > topic.MaxValueBytes)
        {
            return new(ReasonCode.TooLarge);
        }

        if (value.Length > 0 && value[0] == 0)
        {
            // Framed by a schema registry.
            return new(ReasonCode.UnknownSchema);
        }

        try
        {
            _ = new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetString(value);
        }
        catch (ArgumentException)
        {
            return new(ReasonCode.InvalidUtf8);
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(value, new JsonDocumentOptions { MaxDepth = topic.MaxDepth });
            TouchAllText(document.RootElement);
        }
        catch (JsonException e) when (e.Message.Contains("maximum configured depth", StringComparison.Ordinal))
        {
            return new(ReasonCode.TooDeep);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new(ReasonCode.MalformedJson);
        }

        using (document)
        {
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? JudgeObject(document.RootElement, values)
                : new(ReasonCode.NotAnObject);
        }
    }

    /// <summary>The document model checks escapes of surrogates only when text is read.</summary>
    private static void TouchAllText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    TouchAllText(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    _ = member.Name;
                    TouchAllText(member.Value);
                }

                break;
        }
    }

    private static DecodeResult JudgeObject(JsonElement root, Dictionary<Field, object> values)
    {
        var members = root.EnumerateObject().ToList();
        var type = members.Where(m => m.Name == "event_type").Take(1).Where(m => m.Value.ValueKind == JsonValueKind.String).Select(m => m.Value.GetString()).FirstOrDefault();
        var model = ContractModel.Embedded;
        var topic = model.Topics.FirstOrDefault(t => t.EventTypes.Contains(type!));
        var fields = topic?.Fields ?? model.Envelope;

        var first = new DecodeResult(ReasonCode.None);
        var seen = new HashSet<string>();
        foreach (var member in members)
        {
            var field = fields.FirstOrDefault(f => f.Name == member.Name);
            if (field is null)
            {
                continue;
            }

            var reason = seen.Add(member.Name) ? JudgeField(field, member.Value, values) : ReasonCode.DuplicateField;
            if (reason == ReasonCode.UnknownSchema)
            {
                return new(reason, -1, field.Id);
            }

            first = first.IsSuccess && reason != ReasonCode.None ? new(reason, -1, field.Id) : first;
        }

        if (!first.IsSuccess)
        {
            // An unknown version comes before all others, wherever it stands.
            return first;
        }

        var missing = fields.FirstOrDefault(f => f.IsRequired && !seen.Contains(f.Name));
        return missing is null ? new(ReasonCode.None) : new(ReasonCode.MissingField, -1, missing.Id);
    }

    private static ReasonCode JudgeField(ContractField field, JsonElement value, Dictionary<Field, object> values)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return field.IsNullable ? ReasonCode.None : ReasonCode.NullField;
        }

        if (field.Type == FieldType.Integer)
        {
            return JudgeInteger(field, value, values);
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return ReasonCode.WrongType;
        }

        var text = value.GetString()!;
        if (text.Length == 0 && !field.IsNullable)
        {
            return ReasonCode.NullField;
        }

        if (text.Length == 0 && field.Format is FieldFormat.Text or FieldFormat.Uri)
        {
            return ReasonCode.None;
        }

        if (text.Contains('\0', StringComparison.Ordinal))
        {
            return ReasonCode.BadFormat;
        }

        switch (field.Format)
        {
            case FieldFormat.Uuid:
                values[field.Id] = UuidShape().IsMatch(text) ? Guid.Parse(text) : text;
                return values[field.Id] is Guid ? ReasonCode.None : ReasonCode.BadFormat;
            case FieldFormat.DateTime:
                var isTime = ReadTime(text, out var time);
                values[field.Id] = time;
                return isTime ? ReasonCode.None : ReasonCode.BadFormat;
            case FieldFormat.EventType or FieldFormat.Gender:
                values[field.Id] = text;
                return field.Values.Contains(text) ? ReasonCode.None : ReasonCode.BadFormat;
            case FieldFormat.Nationality:
                values[field.Id] = text;
                return Code().IsMatch(text) ? ReasonCode.None : ReasonCode.BadFormat;
            default:
                values[field.Id] = text;
                return ReasonCode.None;
        }
    }

    private static ReasonCode JudgeInteger(ContractField field, JsonElement value, Dictionary<Field, object> values)
    {
        if (value.ValueKind != JsonValueKind.Number || !Integer().IsMatch(value.GetRawText()))
        {
            return ReasonCode.WrongType;
        }

        if (!value.TryGetInt32(out var number))
        {
            return ReasonCode.OutOfRange;
        }

        values[field.Id] = number;
        return field.Id == Field.SchemaVersion && number != ContractModel.Embedded.Topics[0].SchemaVersion ? ReasonCode.UnknownSchema : ReasonCode.None;
    }

    public static bool ReadTime(string text, out long unixMilliseconds)
    {
        unixMilliseconds = 0;
        var match = Time().Match(text);
        if (!match.Success)
        {
            return false;
        }

        // .NET takes at most seven digits; the contract nine, of which milliseconds count.
        var fraction = match.Groups[2].Value;
        var cut = match.Groups[1].Value + (fraction.Length > 8 ? fraction[..8] : fraction) + match.Groups[3].Value;
        string[] formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];
        var isTime = DateTimeOffset.TryParseExact(cut, formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time);
        unixMilliseconds = time.ToUnixTimeMilliseconds();
        return isTime;
    }

    [GeneratedRegex(@"\A([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})\z")]
    private static partial Regex Time();

    [GeneratedRegex(@"\A[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\z")]
    private static partial Regex UuidShape();

    [GeneratedRegex(@"\A[A-Z]{2}\z")]
    private static partial Regex Code();

    [GeneratedRegex(@"\A-?[0-9]+\z")]
    private static partial Regex Integer();
}
