using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Views;

/// <summary>A field of a form for a DAG's param, made from its JSON Schema. Whether a value fits is decided by the scheduler alone.</summary>
internal sealed record ParamField
{
    public required string Name { get; init; }

    public required ParamKind Kind { get; init; }

    public required string Description { get; init; }

    /// <summary>What stands in the field at first.</summary>
    public required string Default { get; init; }

    public required bool IsRequired { get; init; }

    /// <summary>Values to choose from, as JSON.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    public string? Minimum { get; init; }

    public string? Maximum { get; init; }

    public static ParamField Of(DagParam param)
    {
        var schema = param.SchemaJson is null ? null : JsonNode.Parse(param.SchemaJson) as JsonObject;
        var choices = schema?["enum"] is JsonArray values ? values.Select(value => value?.ToJsonString() ?? "null").ToArray() : [];
        var kind = choices.Length > 0 ? ParamKind.Choice : KindOf(schema);
        return new ParamField
        {
            Name = param.Name,
            Kind = kind,
            Description = param.Description ?? schema?["description"]?.ToString() ?? schema?["title"]?.ToString() ?? "",
            Default = param.DefaultJson is null ? "" : kind == ParamKind.Text && JsonNode.Parse(param.DefaultJson) is JsonValue text ? text.ToString() : param.DefaultJson,
            IsRequired = param.DefaultJson is null,
            Choices = choices,
            Minimum = schema?["minimum"]?.ToString(),
            Maximum = schema?["maximum"]?.ToString(),
        };
    }

    /// <summary>The conf of what was filled in; a field that was left as it was is left to the DAG.</summary>
    /// <returns>Null when nothing was changed.</returns>
    /// <exception cref="FormatException">A field holds what cannot be meant; the message says which.</exception>
    public static string? ToConf(IEnumerable<(ParamField Field, string Value)> filled)
    {
        var conf = new JsonObject();
        foreach (var (field, value) in filled)
        {
            if (value != field.Default || (field.IsRequired && value.Length > 0))
            {
                conf[field.Name] = field.Parse(value);
            }
        }

        return conf.Count == 0 ? null : conf.ToJsonString();
    }

    private JsonNode? Parse(string value)
    {
        try
        {
            return Kind switch
            {
                ParamKind.Text => JsonValue.Create(value),
                ParamKind.Integer => JsonValue.Create(long.Parse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)),
                ParamKind.Number => JsonValue.Create(decimal.Parse(value, NumberStyles.Float, CultureInfo.InvariantCulture)),
                _ => JsonNode.Parse(value),
            };
        }
        catch (Exception e) when (e is FormatException or OverflowException or JsonException)
        {
            throw new FormatException($"'{Name}' must be {Kind switch { ParamKind.Integer => "a whole number", ParamKind.Number => "a number", _ => "JSON" }}.", e);
        }
    }

    private static ParamKind KindOf(JsonObject? schema) => schema?["type"] switch
    {
        JsonValue type => type.ToString() switch
        {
            "string" => ParamKind.Text,
            "integer" => ParamKind.Integer,
            "number" => ParamKind.Number,
            "boolean" => ParamKind.Boolean,
            _ => ParamKind.Json,
        },
        _ => ParamKind.Json,
    };
}

internal enum ParamKind
{
    Text,
    Integer,
    Number,
    Boolean,
    Choice,

    /// <summary>An object, an array, or anything.</summary>
    Json,
}
