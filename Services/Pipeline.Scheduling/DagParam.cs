using System.Text.Json;
using Json.Schema;

namespace Pipeline.Scheduling;

/// <summary>A value that whoever triggers a run may set in its conf.</summary>
/// <param name="Name">The key in the conf.</param>
/// <param name="DefaultJson">The value when the conf has none, as JSON; <see langword="null"/>: the conf must have one.</param>
/// <param name="SchemaJson">A JSON Schema that the value must fit; <see langword="null"/>: any value does.</param>
public sealed record DagParam(string Name, string? DefaultJson = null, string? SchemaJson = null, string? Description = null)
{
    private static readonly EvaluationOptions Options = new() { OutputFormat = OutputFormat.List };

    private readonly Lazy<JsonSchema?> _schema = new(() => SchemaJson is null ? null : JsonSchema.FromText(SchemaJson));

    /// <summary>What is wrong with a value, in sentences; empty when nothing is.</summary>
    internal IReadOnlyList<string> Check(JsonElement value)
    {
        if (_schema.Value is not { } schema)
        {
            return [];
        }

        var results = schema.Evaluate(value, Options);
        if (results.IsValid)
        {
            return [];
        }

        var errors = (results.Details ?? []).Prepend(results)
            .SelectMany(detail => (detail.Errors ?? []).Select(error => $"The param '{Name}'{At(detail)}: {error.Value}"))
            .Distinct()
            .ToList();
        return errors.Count > 0 ? errors : [$"The param '{Name}' does not fit its schema."];

        static string At(EvaluationResults detail) => detail.InstanceLocation.ToString() is { Length: > 0 } path ? $" at {path}" : "";
    }

    /// <summary>What is wrong with the param itself.</summary>
    internal IEnumerable<string> CheckDefinition()
    {
        JsonElement? value = null;
        string? fault = null;
        try
        {
            if (DefaultJson is not null)
            {
                using var document = JsonDocument.Parse(DefaultJson);
                value = document.RootElement.Clone();
            }

            _ = _schema.Value;
        }
        catch (Exception e) when (e is JsonException or JsonSchemaException or ArgumentException)
        {
            fault = $"The param '{Name}' has a default or a schema that is not valid: {e.Message}";
        }

        return fault is not null ? [fault] : value is { } v ? Check(v) : [];
    }
}

/// <summary>The params of a DAG together with a run's conf.</summary>
internal static class DagParams
{
    /// <summary>What is wrong with a conf, in sentences.</summary>
    public static IReadOnlyList<string> Check(Dag dag, JsonElement? conf)
    {
        var errors = new List<string>();
        foreach (var param in dag.Params)
        {
            if (conf is { } c && c.TryGetProperty(param.Name, out var value))
            {
                errors.AddRange(param.Check(value));
            }
            else if (param.DefaultJson is null)
            {
                errors.Add($"The param '{param.Name}' has no default: the conf must set it.");
            }
        }

        return errors;
    }

    /// <summary>The JSON of a param in a run; <see langword="null"/> when neither the conf nor the DAG has it.</summary>
    public static string? Find(Dag dag, string? conf, string name)
    {
        if (conf is not null)
        {
            using var document = JsonDocument.Parse(conf);
            if (document.RootElement.TryGetProperty(name, out var value))
            {
                return value.GetRawText();
            }
        }

        return dag.Params.FirstOrDefault(param => param.Name == name)?.DefaultJson;
    }
}
