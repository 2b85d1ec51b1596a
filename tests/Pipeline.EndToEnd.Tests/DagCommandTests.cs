using System.Text.Json;
using Pipeline.EndToEnd.Kit;
using Pipeline.Testing;

namespace Pipeline.EndToEnd.Tests;

/// <summary>The commands <c>dags</c> and <c>tasks</c> on the real program.</summary>
public sealed class DagCommandTests
{
    private static readonly string[] Quiet = ["--Ingest:Interval=1h", "--Ingest:UsersPerRun=5", "--Activity:Enabled=false"];

    [Fact]
    public async Task Commands_WhileAnInstanceRuns_OperateIt()
    {
        using var directory = new TempDirectory();
        await using var pipeline = await PipelineProcess.StartAsync(directory.FullPath, Quiet);

        var run = Json(await OkAsync("dags", "trigger", "kafka_stream", "--note", "by hand", "--wait", "--json", "--data", directory.FullPath));
        Assert.Equal(("success", "cli", "by hand"), (Text(run, "state"), Text(run, "triggered_by"), Text(run, "note")));
        var runId = Text(run, "dag_run_id");

        var log = await OkAsync("tasks", "logs", "kafka_stream", runId, "stream_data", "--data", directory.FullPath);
        Assert.Contains("Appended 5 events to users_topic", log.Output, StringComparison.Ordinal);

        var asked = await PipelineProcess.RunAsync(["tasks", "clear", "kafka_stream", "--run-id", runId, "-t", "stream_data", "--data", directory.FullPath]);
        Assert.Equal(2, asked.ExitCode);
        Assert.Contains("--yes", asked.Errors, StringComparison.Ordinal);
        var cleared = Json(await OkAsync("tasks", "clear", "kafka_stream", "--run-id", runId, "-t", "stream_data", "--yes", "--json", "--data", directory.FullPath));
        Assert.Equal(1, cleared.GetProperty("total_entries").GetInt32());

        var backfill = Json(await OkAsync(
            "dags", "backfill", "kafka_stream", "--from-date", "2026-01-01T00:00:00Z", "--to-date", "2026-01-01T02:00:00Z", "--json", "--data", directory.FullPath));
        Assert.Equal((3, 3, 0), (backfill.GetProperty("total").GetInt32(), backfill.GetProperty("success").GetInt32(), backfill.GetProperty("failed").GetInt32()));

        Assert.Contains("is paused", (await OkAsync("dags", "pause", "kafka_stream", "--data", directory.FullPath)).Output, StringComparison.Ordinal);
        var unknown = await PipelineProcess.RunAsync(["dags", "trigger", "nope", "--data", directory.FullPath]);
        Assert.Equal((1, "There is no DAG 'nope'."), (unknown.ExitCode, unknown.Errors.Trim()));
        Assert.Equal(0, await pipeline.StopAsync());

        // Without an instance the same commands work on what it left.
        var dags = Json(await OkAsync("dags", "list", "--json", "--data", directory.FullPath)).EnumerateArray().ToDictionary(dag => Text(dag, "dag_id"));
        Assert.Equal(["kafka_stream", "maintenance", "quality_report"], dags.Keys.Order(StringComparer.Ordinal));
        Assert.True(dags["kafka_stream"].GetProperty("is_paused").GetBoolean());
        Assert.Contains("\"get_data\" -> \"format_data\"", (await OkAsync("dags", "show", "kafka_stream", "--dot", "--data", directory.FullPath)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DagsTest_RunsOneRunAndKeepsNothing()
    {
        using var directory = new TempDirectory();

        var result = Json(await OkAsync("dags", "test", "kafka_stream", "2026-01-01T00:00:00Z", "--json", "--Ingest:UsersPerRun=5", "--data", directory.FullPath));
        var unknown = await PipelineProcess.RunAsync(["dags", "test", "nope", "--data", directory.FullPath]);

        Assert.Equal(("success", "manual__2026-01-01T00:00:00+00:00"), (Text(result, "state"), Text(result, "dag_run_id")));
        Assert.All(result.GetProperty("task_instances").EnumerateArray(), task => Assert.Equal("success", Text(task, "state")));
        Assert.Empty(Directory.GetFileSystemEntries(directory.FullPath));
        Assert.Equal(1, unknown.ExitCode);
    }

    private static async Task<CommandResult> OkAsync(params string[] arguments)
    {
        var result = await PipelineProcess.RunAsync(arguments);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result.ExitCode}\n{result.Output}\n{result.Errors}");
        return result;
    }

    private static JsonElement Json(CommandResult result) => JsonElement.Parse(result.Output);

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
