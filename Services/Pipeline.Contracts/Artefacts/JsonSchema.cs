using System.Text.Json;

namespace Pipeline.Contracts;

/// <summary>
/// A topic's events as JSON Schema 2020-12 (https://json-schema.org/draft/2020-12). It says what one field at a time can
/// be; the rules that compare fields or look at the clock stand in the rule list.
/// </summary>
public static class JsonSchema
{
    public static string Of(ContractTopic topic) => ArtefactJson.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
        json.WriteString("$id", $"urn:pipeline:{topic.Name}:{topic.SchemaVersion}");
        json.WriteString("title", topic.Record);
        json.WriteString("description", topic.Description);
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        foreach (var field in topic.Fields)
        {
            WriteField(json, topic, field);
        }

        json.WriteEndObject();
        json.WriteStrings("required", topic.Fields.Where(field => field.IsRequired).Select(field => field.Name));
        json.WriteBoolean("additionalProperties", true);
        json.WriteEndObject();
    });

    private static void WriteField(Utf8JsonWriter json, ContractTopic topic, ContractField field)
    {
        json.WriteStartObject(field.Name);
        json.WriteString("description", field.Description);
        var type = field.Type == FieldType.Integer ? "integer" : "string";
        if (field.IsNullable)
        {
            json.WriteStrings("type", [type, "null"]);
        }
        else
        {
            json.WriteString("type", type);
        }

        WriteFormat(json, field);
        if (field.Min is { } min)
        {
            json.WriteNumber("minimum", min);
        }

        if (field.Max is { } max)
        {
            json.WriteNumber("maximum", max);
        }

        var values = field.Format == FieldFormat.EventType ? topic.EventTypes : field.Values;
        if (values.Length > 0)
        {
            json.WriteStrings(field.IsOpen ? "examples" : "enum", values);
        }

        if (field.Pii != PiiKind.None)
        {
            json.WriteString("x-pii", YamlMap.Hyphenated(field.Pii));
        }

        json.WriteEndObject();
    }

    private static void WriteFormat(Utf8JsonWriter json, ContractField field)
    {
        if (field.Type != FieldType.String)
        {
            return;
        }

        var format = field.Format switch
        {
            FieldFormat.Uuid => "uuid",
            FieldFormat.DateTime => "date-time",
            FieldFormat.Email => "email",
            FieldFormat.Uri => "uri",
            _ => null,
        };
        var pattern = field.Format switch
        {
            FieldFormat.Uuid => "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
            FieldFormat.DateTime => @"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$",
            FieldFormat.Email => EmailShape.Pattern,
            FieldFormat.Nationality => "^[A-Z]{2}$",
            FieldFormat.Text or FieldFormat.Uri => @"^[^\u0000]*$",
            _ => null,
        };
        if (format is not null)
        {
            json.WriteString("format", format);
        }

        if (pattern is not null)
        {
            json.WriteString("pattern", pattern);
        }

        if (field.Format == FieldFormat.Text && !field.IsNullable)
        {
            json.WriteNumber("minLength", 1);
        }
    }
}
