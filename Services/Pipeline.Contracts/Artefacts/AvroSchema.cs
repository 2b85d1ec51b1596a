using System.Text.Json;

namespace Pipeline.Contracts;

/// <summary>A topic's events as an Avro record (https://avro.apache.org/docs/1.12.0/specification), times as timestamp-millis.</summary>
public static class AvroSchema
{
    public static string Of(ContractTopic topic) => ArtefactJson.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("type", "record");
        json.WriteString("name", topic.Record);
        json.WriteString("namespace", "pipeline.events");
        json.WriteString("doc", topic.Description);
        json.WriteStartArray("fields");
        foreach (var field in topic.Fields)
        {
            json.WriteStartObject();
            json.WriteString("name", field.Name);
            json.WriteString("doc", field.Description);
            json.WritePropertyName("type");
            if (field.IsNullable)
            {
                json.WriteStartArray();
                json.WriteStringValue("null");
                WriteType(json, topic, field);
                json.WriteEndArray();
                json.WriteNull("default");
            }
            else
            {
                WriteType(json, topic, field);
            }

            if (field.Pii != PiiKind.None)
            {
                json.WriteString("pii", YamlMap.Hyphenated(field.Pii));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteType(Utf8JsonWriter json, ContractTopic topic, ContractField field)
    {
        switch (field.Format)
        {
            case FieldFormat.Uuid:
                WriteLogical(json, "string", "uuid");
                break;
            case FieldFormat.DateTime:
                WriteLogical(json, "long", "timestamp-millis");
                break;
            case FieldFormat.EventType:
                WriteEnum(json, topic.Record + "Type", topic.EventTypes);
                break;
            case FieldFormat.Gender:
                WriteEnum(json, "Gender", field.Values);
                break;
            default:
                json.WriteStringValue(field.Type == FieldType.Integer ? "int" : "string");
                break;
        }
    }

    private static void WriteLogical(Utf8JsonWriter json, string type, string logicalType)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteString("logicalType", logicalType);
        json.WriteEndObject();
    }

    private static void WriteEnum(Utf8JsonWriter json, string name, IEnumerable<string> symbols)
    {
        json.WriteStartObject();
        json.WriteString("type", "enum");
        json.WriteString("name", name);
        json.WriteStrings("symbols", symbols);
        json.WriteEndObject();
    }
}
