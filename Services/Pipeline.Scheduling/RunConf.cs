using System.Text;
using System.Text.Json;

namespace Pipeline.Scheduling;

/// <summary>The JSON object that a trigger hands to a run.</summary>
internal static class RunConf
{
    /// <exception cref="DagOperationException">It is too large, no JSON object, or does not fit the DAG's params.</exception>
    public static void Check(Dag dag, string? conf)
    {
        JsonElement? root = null;
        if (conf is not null)
        {
            if (Encoding.UTF8.GetByteCount(conf) > XCom.MaxBytes)
            {
                throw DagOperationException.Invalid($"The conf of a run is at most {XCom.MaxBytes} bytes of JSON.");
            }

            root = Parse(conf);
        }

        if (DagParams.Check(dag, root) is { Count: > 0 } errors)
        {
            throw DagOperationException.Invalid($"The conf does not fit the params of the DAG '{dag.Id}'. {string.Join(" ", errors)}");
        }
    }

    private static JsonElement Parse(string conf)
    {
        try
        {
            using var document = JsonDocument.Parse(conf);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw DagOperationException.Invalid("The conf of a run is a JSON object.");
        }
        catch (JsonException e)
        {
            throw DagOperationException.Invalid($"The conf of a run is not valid JSON: {e.Message}");
        }
    }
}
