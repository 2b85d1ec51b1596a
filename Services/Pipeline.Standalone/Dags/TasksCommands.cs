using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Standalone.Client;
using Pipeline.Standalone.Live;

namespace Pipeline.Standalone.Dags;

/// <summary><c>tasks clear|logs</c>, over the API.</summary>
internal static class TasksCommands
{
    public static async Task<int> ClearAsync(HostSettings settings, ClearArguments arguments, CancellationToken cancellationToken)
    {
        await using var connection = await PipelineConnection.OpenAsync(settings, cancellationToken);
        var path = $"api/v2/dags/{Uri.EscapeDataString(arguments.DagId)}/clearTaskInstances";
        var body = new JsonObject
        {
            ["dry_run"] = true,
            ["only_failed"] = arguments.OnlyFailed,
            ["only_running"] = arguments.OnlyRunning,
            ["include_upstream"] = arguments.Upstream,
            ["include_downstream"] = arguments.Downstream,
            ["dag_run_id"] = arguments.RunId,
            ["start_date"] = arguments.StartDate,
            ["end_date"] = arguments.EndDate,
        };
        if (arguments.TaskIds.Count > 0)
        {
            body["task_ids"] = new JsonArray([.. arguments.TaskIds.Select(taskId => (JsonNode)taskId)]);
        }

        var meant = await connection.Client.SendAsync<JsonNode>(HttpMethod.Post, path, body, cancellationToken);
        var tasks = meant["task_instances"]!.AsArray();
        if (settings.Output != OutputMode.Json)
        {
            Output.WriteTable(["dag_run_id", "task_id", "state", "try"], tasks.Select(task => (string[])[Output.Text(task!["dag_run_id"]), Output.Text(task["task_id"]), Output.Text(task["state"]), Output.Text(task["try_number"])]));
        }

        if (tasks.Count == 0 || (!arguments.Yes && !Confirm(settings, tasks.Count)))
        {
            Say(settings, meant, tasks.Count == 0 ? "Nothing to clear." : "Nothing was cleared.");
            return tasks.Count == 0 || settings.Output == OutputMode.Terminal ? ExitCode.Ok : ExitCode.Usage;
        }

        body["dry_run"] = false;
        var cleared = await connection.Client.SendAsync<JsonNode>(HttpMethod.Post, path, body, cancellationToken);
        Say(settings, cleared, $"{Output.Text(cleared["total_entries"])} task instances cleared.");
        return ExitCode.Ok;
    }

    /// <summary>What a try logged; with follow, until it has ended.</summary>
    public static async Task<int> LogsAsync(HostSettings settings, LogsArguments arguments, CancellationToken cancellationToken)
    {
        await using var connection = await PipelineConnection.OpenAsync(settings, cancellationToken);
        var task = $"api/v2/dags/{Uri.EscapeDataString(arguments.DagId)}/dagRuns/{Uri.EscapeDataString(arguments.RunId)}/taskInstances/{Uri.EscapeDataString(arguments.TaskId)}";
        var number = arguments.TryNumber ?? (await connection.Client.GetAsync<JsonNode>(task, cancellationToken))["try_number"]!.GetValue<int>();
        if (number == 0)
        {
            await Console.Error.WriteLineAsync($"The task {arguments.TaskId} has not been tried yet.");
            return ExitCode.Failure;
        }

        var accept = arguments.Follow || settings.Output == OutputMode.Json ? "application/x-ndjson" : "text/plain";
        using var response = await connection.Client.SendAsync(HttpMethod.Get, $"{task}/logs/{number.ToString(CultureInfo.InvariantCulture)}", null, cancellationToken, accept);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            Console.Out.WriteLine(settings.Output == OutputMode.Json || !arguments.Follow ? line : Text(line));
        }

        return ExitCode.Ok;
    }

    private static string Text(string json)
    {
        var line = JsonElement.Parse(json);
        return $"[{line.GetProperty("timestamp").GetString()}] {line.GetProperty("level").GetString()!.ToUpperInvariant()} - {line.GetProperty("event").GetString()}";
    }

    private static bool Confirm(HostSettings settings, int count)
    {
        if (settings.Output != OutputMode.Terminal || Console.IsInputRedirected)
        {
            Console.Error.WriteLine($"{count} task instances would be cleared; --yes does it.");
            return false;
        }

        Console.Out.Write($"Clear these {count} task instances? [y/N] ");
        return Console.In.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes";
    }

    private static void Say(HostSettings settings, JsonNode json, string words)
    {
        if (settings.Output == OutputMode.Json)
        {
            Output.WriteJson(json);
        }
        else
        {
            Console.Out.WriteLine(words);
        }
    }
}

internal sealed record ClearArguments(
    string DagId, IReadOnlyList<string> TaskIds, string? RunId, string? StartDate, string? EndDate, bool OnlyFailed, bool OnlyRunning, bool Upstream, bool Downstream, bool Yes);

internal sealed record LogsArguments(string DagId, string RunId, string TaskId, int? TryNumber, bool Follow);
