using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Standalone.Client;
using Pipeline.Standalone.Configuration;
using Pipeline.Standalone.Live;
using Spectre.Console;

namespace Pipeline.Standalone.Dags;

/// <summary>How the commands about DAGs write: JSON for scripts, tables for people.</summary>
internal static class Output
{
    public static void WriteJson(JsonNode node) => Console.Out.WriteLine(node.ToJsonString(PipelineClient.Json));

    public static void WriteTable(string[] columns, IEnumerable<string[]> rows)
    {
        var table = new Table().RoundedBorder();
        table.AddColumns(columns);
        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        }

        Terminal.Open().Write(table);
    }

    public static string Text(JsonNode? node) => node?.ToString() ?? "";

    /// <exception cref="ConfigurationException">The text is not a JSON object.</exception>
    public static JsonObject ParseObject(string option, string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? throw new ConfigurationException([$"{option} must be a JSON object."]);
        }
        catch (JsonException e)
        {
            throw new ConfigurationException([$"{option} is not JSON: {e.Message}"]);
        }
    }
}
