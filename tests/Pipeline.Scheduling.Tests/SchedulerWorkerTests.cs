using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;
using Pipeline.Sqlite;
using Pipeline.Testing;
using static Pipeline.Scheduling.Tests.SchedulingKit;

namespace Pipeline.Scheduling.Tests;

/// <summary>The whole scheduler with the real clock; the same on both databases.</summary>
public abstract class SchedulerWorkerTests(Backend backend)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_LastIntervalNotRunYet_RunsItAtOnce()
    {
        await using var kit = new SchedulingKit(backend);
        var ran = new TaskCompletionSource<DataInterval>();
        var dag = new DagBuilder("d") { Timetable = Timetable.Every(TimeSpan.FromDays(1)) }
            .Add(Task("a", (context, _) => { ran.TrySetResult(context.DataInterval); return System.Threading.Tasks.Task.CompletedTask; }))
            .Build();

        var host = await kit.StartAsync([dag]);
        var interval = await ran.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);

        var now = TimeProvider.System.GetUtcNow();
        Assert.True(interval.End <= now && interval.End.AddDays(1) > now);
        var runs = host.Services.GetRequiredService<DagRuns>();
        await Eventually.TrueAsync(async () => (await ListAsync(runs)).Single().State == DagRunState.Success);
        Assert.Equal($"scheduled__{interval.Start:yyyy-MM-dd}T00:00:00+00:00", (await ListAsync(runs)).Single().RunId);
    }

    [Fact]
    public async Task Start_LastIntervalRunAlready_DoesNotRunItAgain()
    {
        await using var kit = new SchedulingKit(backend);
        var ran = 0;
        var dag = new DagBuilder("d") { Timetable = Timetable.Every(TimeSpan.FromDays(1)) }
            .Add(Task("a", (_, _) => { Interlocked.Increment(ref ran); return System.Threading.Tasks.Task.CompletedTask; }))
            .Build();
        var first = await kit.StartAsync([dag]);
        await Eventually.TrueAsync(async () => await ListAsync(first.Services.GetRequiredService<DagRuns>()) is [{ State: DagRunState.Success }]);
        await first.StopAsync(Cancellation);

        var second = await kit.StartAsync([dag]);
        var runs = second.Services.GetRequiredService<DagRuns>();
        var manual = await second.Services.GetRequiredService<DagOperations>().TriggerAsync("d", new TriggerRequest(), Me, Cancellation);
        await Eventually.TrueAsync(async () => (await runs.FindRunAsync("d", manual.RunId, Cancellation))!.State == DagRunState.Success);

        Assert.Equal(2, ran);
        Assert.Equal(1, (await ListAsync(runs)).Count(run => run.Type == DagRunType.Scheduled));
    }

    [Fact]
    public async Task WaitUntil_ManyTasksWait_TheOneSlotIsFreeForOthers()
    {
        await using var kit = new SchedulingKit(backend);
        var isThere = false;
        var sensor = new DagBuilder("sensor")
            .Add(Task("wait", (context, cancel) => context.WaitUntilAsync(_ => System.Threading.Tasks.Task.FromResult(Volatile.Read(ref isThere)), TimeSpan.FromMilliseconds(20), cancel)))
            .Build();
        var work = new DagBuilder("work").Add(Nothing("a")).Build();
        var host = await kit.StartAsync([sensor, work], settings: new() { ["Scheduling:MaxActiveTasks"] = "1", ["Scheduling:PollInterval"] = "00:00:00.05" });
        var (runs, operations) = (host.Services.GetRequiredService<DagRuns>(), host.Services.GetRequiredService<DagOperations>());
        for (var i = 0; i < 8; i++)
        {
            await operations.TriggerAsync("sensor", new TriggerRequest { RunId = $"s{i}" }, Me, Cancellation);
        }

        await Eventually.TrueAsync(async () => await CountAsync(TaskInstanceState.Running) == 8);
        await operations.TriggerAsync("work", new TriggerRequest { RunId = "w" }, Me, Cancellation);
        await Eventually.TrueAsync(async () => (await runs.FindRunAsync("work", "w", Cancellation))!.State == DagRunState.Success);
        Assert.Equal(8, await CountAsync(TaskInstanceState.Running));
        Volatile.Write(ref isThere, true);
        await Eventually.TrueAsync(async () => await CountAsync(TaskInstanceState.Success) == 8);
        await Eventually.TrueAsync(() => host.Services.GetRequiredService<TaskSlots>().Demand == 0);

        async Task<long> CountAsync(TaskInstanceState state)
            => (await runs.ListTaskInstancesAsync(new TaskInstanceQuery { DagId = "sensor", States = [state] }, Cancellation)).Total;
    }

    [Fact]
    public async Task Schedule_ShortInterval_RunsEachIntervalInTurn()
    {
        await using var kit = new SchedulingKit(backend);
        var seen = new ConcurrentQueue<DataInterval>();
        var dag = new DagBuilder("d")
        {
            Timetable = Timetable.Every(TimeSpan.FromMilliseconds(100)),
            Catchup = true,
            StartDate = TimeProvider.System.GetUtcNow(),
            MaxActiveRuns = 1,
        }.Add(Task("a", (context, _) => { seen.Enqueue(context.DataInterval); return System.Threading.Tasks.Task.CompletedTask; })).Build();

        await kit.StartAsync([dag]);
        await Eventually.TrueAsync(() => seen.Count >= 8);

        var intervals = seen.ToArray();
        Assert.All(intervals.Zip(intervals.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
    }

    [Fact]
    public async Task Trigger_FromAnotherProcessView_IsRunWithItsConf()
    {
        await using var kit = new SchedulingKit(backend);
        var conf = new TaskCompletionSource<string?>();
        var dag = new DagBuilder("d").Add(Task("a", (context, _) => { conf.SetResult(context.Run.Conf); return System.Threading.Tasks.Task.CompletedTask; })).Build();
        await kit.StartAsync([dag], settings: new() { ["Scheduling:PollInterval"] = "00:00:00.05" });
        var other = kit.Build([dag]).Services.GetRequiredService<DagOperations>();

        var run = await other.TriggerAsync("d", new TriggerRequest { Conf = """{"why":"test"}""" }, Me, Cancellation);

        Assert.Equal("""{"why":"test"}""", await conf.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancellation));
        Assert.StartsWith("manual__", run.RunId, StringComparison.Ordinal);
        Assert.Equal(run.DataInterval.Start, run.DataInterval.End);
    }

    [Fact]
    public async Task TwoSchedulers_OneDatabase_NoRunRunsTwice()
    {
        await using var kit = new SchedulingKit(backend);
        var runs = new ConcurrentDictionary<string, int>();
        var dag = new DagBuilder("d")
        {
            Timetable = Timetable.Every(TimeSpan.FromMilliseconds(50)),
            Catchup = true,
            StartDate = TimeProvider.System.GetUtcNow().AddSeconds(-1),
        }.Add(Task("a", (context, _) => { runs.AddOrUpdate(context.RunId, 1, (_, n) => n + 1); return System.Threading.Tasks.Task.CompletedTask; })).Build();
        var settings = new Dictionary<string, string?> { ["Scheduling:PollInterval"] = "00:00:00.02" };

        var first = await kit.StartAsync([dag], settings: settings);
        var second = await kit.StartAsync([dag], settings: settings);
        await Eventually.TrueAsync(() => runs.Count >= 30);
        await System.Threading.Tasks.Task.WhenAll(first.StopAsync(Cancellation), second.StopAsync(Cancellation));

        Assert.All(runs, run => Assert.Equal(1, run.Value));
    }

    [Fact]
    public async Task Start_RunOfAKilledProcess_IsResumedWithoutWaitingForTheLease()
    {
        await using var kit = new SchedulingKit(backend);
        var tries = new ConcurrentQueue<string>();
        var dag = new DagBuilder("d")
            .Add(Task("a", (_, _) => { tries.Enqueue("a"); return System.Threading.Tasks.Task.CompletedTask; }))
            .Add(new DagTask("b", (context, _) => { tries.Enqueue($"b{context.TryNumber}"); return System.Threading.Tasks.Task.CompletedTask; }) { Retries = 1 })
            .Chain("a", "b")
            .Build();
        await DeadInstance.LeaveRunAsync(kit.Build([dag]), dag, "r", "b", "a");

        var host = await kit.StartAsync([dag]);
        var runs = host.Services.GetRequiredService<DagRuns>();
        await Eventually.TrueAsync(async () => (await ListAsync(runs)).Single().State == DagRunState.Success);

        Assert.Equal(["b2"], tries);
    }

    [Fact]
    public async Task DataDirectory_ATaskFindsItUnusable_TheSchedulerEndsAndTheTryIsNotCounted()
    {
        await using var kit = new SchedulingKit(backend);
        var refusal = new DataDirectoryException("The data directory is read-only.");
        var tries = 0;
        var dag = new DagBuilder("d")
            .Add(Task("a", (_, _) => Interlocked.Increment(ref tries) == 1 ? throw refusal : System.Threading.Tasks.Task.CompletedTask))
            .Build();
        var settings = new Dictionary<string, string?> { ["Scheduling:PollInterval"] = "00:00:00.05" };

        var unfit = await kit.StartAsync([dag], settings: settings);
        await unfit.Services.GetRequiredService<DagOperations>().TriggerAsync("d", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        var ended = await Assert.ThrowsAsync<DataDirectoryException>(
            () => unfit.Services.GetServices<IHostedService>().OfType<SchedulerWorker>().Single().ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
        var runs = unfit.Services.GetRequiredService<DagRuns>();
        var given = (await runs.ListTaskInstancesAsync("d", "r", Cancellation)).Single();

        Assert.Same(refusal, ended);
        Assert.Equal((TaskInstanceState.UpForRetry, refusal.Message), (given.State, given.Error));
        await Eventually.TrueAsync(() => unfit.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
        var next = await kit.StartAsync([dag], settings: settings);
        await Eventually.TrueAsync(async () => (await next.Services.GetRequiredService<DagRuns>().FindRunAsync("d", "r", Cancellation))!.State == DagRunState.Success);
    }

    [Fact]
    public async Task Health_RunningScheduler_IsHealthy_AndBeforeTheStartItIsNot()
    {
        await using var kit = new SchedulingKit(backend);
        var host = kit.Build([new DagBuilder("d").Add(Nothing("a")).Build()]);
        var health = host.Services.GetRequiredService<HealthCheckService>();

        var before = await health.CheckHealthAsync(Cancellation);
        await host.StartAsync(Cancellation);
        var after = await health.CheckHealthAsync(Cancellation);

        Assert.Equal((HealthStatus.Unhealthy, HealthStatus.Healthy), (before.Entries["scheduler"].Status, after.Entries["scheduler"].Status));
    }

    [Fact]
    public async Task Options_ManyFaults_StopTheStartNamingAll()
    {
        await using var kit = new SchedulingKit(backend);

        var error = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => kit.StartAsync([], settings: new()
        {
            ["Scheduling:MaxActiveTasks"] = "0",
            ["Scheduling:PollInterval"] = "-00:00:01",
            ["Scheduling:LeaseDuration"] = "00:00:06",
            ["ConnectionStrings:postgres"] = "somewhere",
        }));

        Assert.Equal(4, error.Failures.Count());
    }

    [Fact]
    public async Task Telemetry_RunAndTask_AreMeasuredAndTraced()
    {
        await using var kit = new SchedulingKit(backend);
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Pipeline.Scheduling",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        var id = $"d{Guid.NewGuid():N}";
        var dag = new DagBuilder(id).Add(Nothing("a")).Build();

        var finished = await RunAsync(kit.Build([dag]), Cancellation);

        var mine = spans.Where(span => (string?)span.GetTagItem("pipeline.dag.id") == id).ToList();
        var (task, run) = (mine.Single(span => span.DisplayName == $"task {id}.a"), mine.Single(span => span.DisplayName == $"dag_run {id}"));
        Assert.Equal(run.TraceId, task.TraceId);
        Assert.Contains(run.TraceId.ToString(), finished.Run.TraceParent, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<DagRun>> ListAsync(DagRuns runs) => (await runs.ListRunsAsync(new DagRunQuery { DagId = "d" }, Cancellation)).Items;
}

public sealed class SqliteSchedulerWorkerTests() : SchedulerWorkerTests(Backend.Sqlite);

public sealed class PostgresSchedulerWorkerTests() : SchedulerWorkerTests(Backend.Postgres);
