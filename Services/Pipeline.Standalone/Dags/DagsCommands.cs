using System.Globalization;
using System.Text.Json.Nodes;
using Pipeline.Standalone.Client;
using Pipeline.Standalone.Live;
using Spectre.Console;

namespace Pipeline.Standalone.Dags;

/// <summary><c>dags list|show|trigger|pause|unpause</c>, over the API.</summary>
internal static class DagsCommands
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    public static async Task<int> ListAsync(HostSettings settings, CancellationToken cancellationToken)
    {
        await using var connection = await PipelineConnection.OpenAsync(settings, cancellationToken);
        var answer = await connection.Client.GetAsync<JsonNode>("api/v2/dags?limit=1000", cancellationToken);
        var errors = await connection.Client.GetAsync<JsonNode>("api/v2/importErrors?limit=1000", cancellationToken);
        var dags = answer["dags"]!.AsArray();
        if (settings.Output == OutputMode.Json)
        {
            Output.WriteJson(dags);
        }
        else
        {
            Output.WriteTable(
                ["dag_id", "schedule", "owners", "is_paused", "next run"],
                dags.Select(dag => (string[])
                [
                    Output.Text(dag!["dag_id"]), Output.Text(dag["timetable_summary"]), string.Join(", ", dag["owners"]!.AsArray().Select(Output.Text)), Output.Text(dag["is_paused"]), Output.Text(dag["next_dagrun_run_after"]),
                ]));
        }

        foreach (var error in errors["import_errors"]!.AsArray())
        {
            await Console.Error.WriteLineAsync($"{Output.Text(error!["filename"])} could not be built: {Output.Text(error["stack_trace"])}");
        }

        return ExitCode.Ok;
    }

    /// <summary>The tasks and edges: as text, or as DOT for Graphviz.</summary>
    public static async Task<int> ShowAsync(HostSettings settings, string dagId, bool dot, CancellationToken cancellationToken)
    {
        await using var connection = await PipelineConnection.OpenAsync(settings, cancellationToken);
        var path = $"api/v2/dags/{Uri.EscapeDataString(dagId)}";
        var dag = await connection.Client.GetAsync<JsonNode>($"{path}/details", cancellationToken);
        var tasks = (await connection.Client.GetAsync<JsonNode>($"{path}/tasks", cancellationToken))["tasks"]!.AsArray();
        if (dot)
        {
            Console.Out.WriteLine(Dot(dagId, tasks));
            return ExitCode.Ok;
        }

        if (settings.Output == OutputMode.Json)
        {
            dag["tasks"] = tasks.DeepClone();
            Output.WriteJson(dag);
            return ExitCode.Ok;
        }

        Console.Out.WriteLine($"{dagId}: {Output.Text(dag["description"])}");
        Console.Out.WriteLine($"{Output.Text(dag["timetable_summary"])}, max_active_runs {Output.Text(dag["max_active_runs"])}, {(dag["is_paused"]!.GetValue<bool>() ? "paused" : "not paused")}");
        Output.WriteTable(
            ["task_id", "trigger_rule", "retries", "pool", "downstream"],
            tasks.Select(task => (string[])
            [
                Output.Text(task!["task_id"]), Output.Text(task["trigger_rule"]), Output.Text(task["retries"]), Output.Text(task["pool"]), string.Join(", ", task["downstream_task_ids"]!.AsArray().Select(Output.Text)),
            ]));
        return ExitCode.Ok;
    }

    public static async Task<int> TriggerAsync(HostSettings settings, TriggerArguments arguments, CancellationToken cancellationToken)
    {
        await using var connection = await PipelineConnection.OpenAsync(settings, cancellationToken);
        var path = $"api/v2/dags/{Uri.EscapeDataString(arguments.DagId)}/dagRuns";
        var body = new JsonObject { ["logical_date"] = arguments.LogicalDate };
        Put(body, "dag_run_id", arguments.RunId);
        Put(body, "conf", arguments.Conf is null ? null : Output.ParseObject("--conf", arguments.Conf));
        Put(body, "note", arguments.Note);
        var run = await connection.Client.SendAsync<JsonNode>(HttpMethod.Post, path, body, cancellationToken);
        while (arguments.Wait && !connection.IsOffline && Output.Text(run["state"]) is not ("success" or "failed"))
        {
            await Task.Delay(Poll, cancellationToken);
            run = await connection.Client.GetAsync<JsonNode>($"{path}/{Uri.EscapeDataString(Output.Text(run["dag_run_id"]))}", cancellationToken);
        }

        if (settings.Output == OutputMode.Json)
        {
            Output.WriteJson(run);
        }
        else
        {
            Console.Out.WriteLine($"{arguments.DagId} {Output.Text(run["dag_run_id"])}: {Output.Text(run["state"])}{(connection.IsOffline ? "; it runs when an instance is started" : "")}");
        }

        return Output.Text(run["state"]) == "failed" ? ExitCode.Failure : ExitCode.Ok;
    }

    public static async Task<int> PauseAsync(HostSettings settings, string dagId, bool paused, CancellationToken cancellationToken)
    {
        await using var connection = await PipelineConnection.OpenAsync(settings, cancellationToken);
        var dag = await connection.Client.SendAsync<JsonNode>(
            HttpMethod.Patch, $"api/v2/dags/{Uri.EscapeDataString(dagId)}", new JsonObject { ["is_paused"] = paused }, cancellationToken);
        if (settings.Output == OutputMode.Json)
        {
            Output.WriteJson(dag);
        }
        else
        {
            Console.Out.WriteLine($"{dagId} is {(paused ? "paused" : "not paused")}.");
        }

        return ExitCode.Ok;
    }

    public static async Task<int> BackfillAsync(HostSettings settings, BackfillArguments arguments, CancellationToken cancellationToken)
    {
        await using var connection = await PipelineConnection.OpenAsync(settings, cancellationToken);
        var body = new JsonObject
        {
            ["dag_id"] = arguments.DagId,
            ["from_date"] = arguments.From,
            ["to_date"] = arguments.To,
            ["run_backwards"] = arguments.RunBackwards,
            ["reprocess_behavior"] = arguments.Reprocess,
            ["max_active_runs"] = arguments.MaxActiveRuns,
        };
        Put(body, "dag_run_conf", arguments.Conf is null ? null : Output.ParseObject("--dag-run-conf", arguments.Conf));
        if (arguments.DryRun)
        {
            var plan = await connection.Client.SendAsync<JsonNode>(HttpMethod.Post, "api/v2/backfills/dry_run", body, cancellationToken);
            Show(settings, plan, () => string.Join(Environment.NewLine, plan["backfills"]!.AsArray().Select(item => Output.Text(item!["logical_date"])).Append($"{Output.Text(plan["total_entries"])} runs; nothing was started.")));
            return ExitCode.Ok;
        }

        var backfill = await connection.Client.SendAsync<JsonNode>(HttpMethod.Post, "api/v2/backfills", body, cancellationToken);
        var id = backfill["id"]!.GetValue<long>();
        if (!arguments.Wait || connection.IsOffline)
        {
            Show(settings, backfill, () => $"Backfill {id} of {arguments.DagId} is queued{(connection.IsOffline ? "; it runs when an instance is started" : "")}.");
            return ExitCode.Ok;
        }

        var end = await FollowAsync(settings, connection.Client, id, cancellationToken);
        Show(settings, end, () => string.Create(CultureInfo.InvariantCulture, $"Backfill {id} of {arguments.DagId}: {Output.Text(end["success"])} success, {Output.Text(end["failed"])} failed, {Output.Text(end["skipped"])} skipped."));
        return end["failed"]!.GetValue<int>() > 0 ? ExitCode.Failure : ExitCode.Ok;
    }

    /// <summary>Looks until the backfill has ended. Ctrl-C ends the looking, not the backfill.</summary>
    private static async Task<JsonNode> FollowAsync(HostSettings settings, PipelineClient client, long id, CancellationToken cancellationToken)
    {
        if (settings.Output != OutputMode.Terminal)
        {
            return await UntilEndAsync(_ => { });
        }

        return await Terminal.Open().Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context =>
            {
                var bar = context.AddTask($"Backfill {id}");
                return UntilEndAsync(now =>
                {
                    var total = Math.Max(1, now["total"]!.GetValue<int>());
                    bar.Value = 100.0 * (total - now["queued"]!.GetValue<int>() - now["running"]!.GetValue<int>()) / total;
                });
            });

        async Task<JsonNode> UntilEndAsync(Action<JsonNode> report)
        {
            while (true)
            {
                var now = await client.GetAsync<JsonNode>($"api/backfills/{id}", cancellationToken);
                report(now);
                if (now["completed_at"] is not null)
                {
                    return now;
                }

                await Task.Delay(Poll, cancellationToken);
            }
        }
    }

    private static void Show(HostSettings settings, JsonNode json, Func<string> words)
    {
        if (settings.Output == OutputMode.Json)
        {
            Output.WriteJson(json);
        }
        else
        {
            Console.Out.WriteLine(words());
        }
    }

    private static void Put(JsonObject body, string name, JsonNode? value)
    {
        if (value is not null)
        {
            body[name] = value;
        }
    }

    private static string Dot(string dagId, JsonArray tasks)
    {
        var edges = tasks.SelectMany(task => task!["downstream_task_ids"]!.AsArray().Select(next => $"  {Quoted(Output.Text(task["task_id"]))} -> {Quoted(Output.Text(next))}"));
        return string.Join('\n', [$"digraph {Quoted(dagId)} {{", "  rankdir=LR", "  node [shape=box]", .. tasks.Select(task => $"  {Quoted(Output.Text(task!["task_id"]))}"), .. edges, "}"]);

        static string Quoted(string id) => $"\"{id}\"";
    }
}

internal sealed record TriggerArguments(string DagId, string? RunId, string? LogicalDate, string? Conf, string? Note, bool Wait);

internal sealed record BackfillArguments(string DagId, string From, string To, bool DryRun, bool RunBackwards, string Reprocess, int MaxActiveRuns, string? Conf, bool Wait);
