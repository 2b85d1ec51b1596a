using System.Globalization;
using System.Text.Json.Nodes;
using Pipeline.Ingest;
using Pipeline.Scheduling;
using Pipeline.Sqlite;
using Pipeline.Standalone.Configuration;
using Pipeline.Standalone.Live;

namespace Pipeline.Standalone.Dags;

/// <summary>
/// Runs one run of a DAG here and now, with all its tasks, in a temporary data directory: what it writes into embedded stores is
/// thrown away with it.
/// </summary>
internal static class DagTestCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    public static async Task<int> RunAsync(HostSettings settings, string dagId, string? logicalDate, string? conf, CancellationToken cancellationToken)
    {
        var request = Request(logicalDate, conf);
        var temporary = Directory.CreateTempSubdirectory("pipeline-dags-test-");
        try
        {
            return await RunAsync(settings with { Configuration = [.. settings.Configuration, $"--Data:Directory={temporary.FullName}", "--ConnectionStrings:postgres="] }, dagId, request, cancellationToken);
        }
        finally
        {
            temporary.Delete(recursive: true);
        }
    }

    private static async Task<int> RunAsync(HostSettings settings, string dagId, TriggerRequest request, CancellationToken cancellationToken)
    {
        var builder = PipelineApplication.CreateBuilder(settings, out var errors);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.AddFilter("Microsoft", LogLevel.Error);
        await using var simulator = await EmbeddedSimulator.StartUnlessNamedAsync(builder.Configuration, settings);
        simulator.SetUrl(builder.Configuration);
        PipelineApplication.AddStores(builder);
        builder.AddIngest();
        await using var app = builder.Build();
        PipelineApplication.Check(app, errors);
        using var ownership = app.Services.GetRequiredService<DataDirectory>().LockExclusive();
        var catalog = app.Services.GetRequiredService<DagCatalog>();
        if (catalog.Find(dagId) is null)
        {
            var why = catalog.Errors is [var error, ..] ? $" {error.Source} could not be built: {error.Message}" : "";
            await Console.Error.WriteLineAsync($"There is no DAG '{dagId}'.{why}");
            return ExitCode.Failure;
        }

        // The host is not started, so that nothing but this run runs; what makes topics and tables is asked by hand.
        foreach (var service in app.Services.GetServices<IHostedService>().OfType<IHostedLifecycleService>())
        {
            await service.StartingAsync(cancellationToken);
        }

        var actor = new Actor(Environment.UserName, Via: TriggeredBy.Test);
        var runId = request.RunId!;
        var run = app.Services.GetRequiredService<DagTester>().RunAsync(dagId, request, actor, cancellationToken);
        await FollowAsync(settings, app.Services.GetRequiredService<DagRuns>(), dagId, runId, run, cancellationToken);
        var end = await run;
        var tasks = await app.Services.GetRequiredService<DagRuns>().ListTaskInstancesAsync(dagId, runId, CancellationToken.None);
        if (end is null)
        {
            return ExitCode.Failure;
        }

        WriteEnd(settings, end, tasks);
        return end.State == DagRunState.Success ? ExitCode.Ok : ExitCode.Failure;
    }

    /// <summary>Writes what the tries log until the run has ended.</summary>
    private static async Task FollowAsync(HostSettings settings, DagRuns runs, string dagId, string runId, Task run, CancellationToken cancellationToken)
    {
        var lines = new Dictionary<(string TaskId, int Try), int>();
        bool isOver;
        do
        {
            // Asked first: when it has ended, everything that it logged is there.
            isOver = run.IsCompleted;
            foreach (var task in await runs.ListTaskInstancesAsync(dagId, runId, cancellationToken))
            {
                for (var number = 1; number <= task.TryNumber; number++)
                {
                    await WriteLinesAsync(settings, runs, task, number, lines, cancellationToken);
                }
            }

            await Task.Delay(Poll, cancellationToken);
        }
        while (!isOver);
    }

    private static async Task WriteLinesAsync(
        HostSettings settings, DagRuns runs, TaskInstance task, int number, Dictionary<(string TaskId, int Try), int> lines, CancellationToken cancellationToken)
    {
        var after = lines.GetValueOrDefault((task.TaskId, number));
        foreach (var line in await runs.ReadLogAsync(task.DagId, task.RunId, task.TaskId, number, after, 1000, cancellationToken))
        {
            lines[(task.TaskId, number)] = line.Line;
            if (settings.Output != OutputMode.Json)
            {
                Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{task.TaskId}] {line.Level} {line.Message}"));
            }
        }
    }

    private static void WriteEnd(HostSettings settings, DagRun run, IReadOnlyList<TaskInstance> tasks)
    {
        if (settings.Output == OutputMode.Json)
        {
            Output.WriteJson(new JsonObject
            {
                ["dag_id"] = run.DagId,
                ["dag_run_id"] = run.RunId,
                ["state"] = run.State.ToWireName(),
                ["task_instances"] = new JsonArray([.. tasks.Select(task => new JsonObject { ["task_id"] = task.TaskId, ["state"] = task.State.ToWireName(), ["try_number"] = task.TryNumber, ["error"] = task.Error })]),
            });
            return;
        }

        Output.WriteTable(["task_id", "state", "tries", "error"], tasks.Select(task => (string[])[task.TaskId, task.State.ToWireName(), task.TryNumber.ToString(CultureInfo.InvariantCulture), task.Error ?? ""]));
        Console.Out.WriteLine($"{run.DagId} {run.RunId}: {run.State.ToWireName()}");
    }

    private static TriggerRequest Request(string? logicalDate, string? conf)
    {
        DateTimeOffset? date = null;
        if (logicalDate is not null)
        {
            date = DateTimeOffset.TryParse(logicalDate, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed)
                ? parsed
                : throw new ConfigurationException([$"logical_date is '{logicalDate}', which is not a time like 2026-01-31T12:00:00Z."]);
        }

        return new TriggerRequest { RunId = RunId.For(DagRunType.Manual, date ?? TimeProvider.System.GetUtcNow()), LogicalDate = date, Conf = conf is null ? null : Output.ParseObject("--conf", conf).ToJsonString() };
    }
}
