using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Testing;
using static Pipeline.Scheduling.Tests.SchedulingKit;

namespace Pipeline.Scheduling.Tests;

/// <summary>What people do to runs while a scheduler works on them; the same on both databases.</summary>
public abstract class DagOperationsTests(Backend backend)
{
    /// <summary>Many steps, each waiting for the disk of a machine that may be busy with everything else.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Clear_FailedTask_RunsItAndItsDownstreamAgainAndKeepsItsTries()
    {
        await using var kit = new SchedulingKit(backend);
        var isBroken = true;
        var ran = new ConcurrentQueue<string>();
        var dag = new DagBuilder("d")
            .Add(Record("a", ran))
            .Add(Task("b", (context, _) =>
            {
                ran.Enqueue($"b{context.TryNumber}");
                return isBroken ? throw new InvalidOperationException("broken") : System.Threading.Tasks.Task.CompletedTask;
            }))
            .Add(Record("c", ran))
            .Chain("a", "b", "c")
            .Build();
        var host = await kit.StartAsync([dag]);
        var (runs, operations) = (host.Services.GetRequiredService<DagRuns>(), host.Services.GetRequiredService<DagOperations>());
        await operations.TriggerAsync("d", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        await UntilAsync(runs, DagRunState.Failed);
        isBroken = false;

        var dry = await operations.ClearAsync(new ClearRequest { DagId = "d", RunIds = ["r"], OnlyFailed = true, DryRun = true }, Me, Cancellation);
        Assert.Equal(DagRunState.Failed, (await runs.FindRunAsync("d", "r", Cancellation))!.State);
        var cleared = await operations.ClearAsync(new ClearRequest { DagId = "d", RunIds = ["r"], OnlyFailed = true }, new Actor("ann", "the disk is back"), Cancellation);
        await UntilAsync(runs, DagRunState.Success);

        Assert.Equal(["b failed", "c upstream_failed"], cleared.TaskInstances.Select(task => $"{task.TaskId} {task.State.ToWireName()}"));
        Assert.Equal(dry.TaskInstances, cleared.TaskInstances);
        Assert.Equal(["a1", "b1", "b2", "c1"], ran);
        Assert.Equal(["failed 1", "success 2"], (await runs.ListTriesAsync("d", "r", "b", Cancellation)).Select(task => $"{task.State.ToWireName()} {task.TryNumber}"));
        Assert.NotEmpty(await runs.ReadLogAsync("d", "r", "b", 1, 0, 10, Cancellation));
        Assert.Contains((await runs.ListEventsAsync(new AuditQuery { DagId = "d", Event = "clear" }, Cancellation)).Items, audit => audit is { Owner: "ann", Reason: "the disk is back", RunId: "r" });
    }

    [Fact]
    public async Task Clear_RunningTask_CancelsItsTryAndRunsItAgain()
    {
        await using var kit = new SchedulingKit(backend);
        var tries = new ConcurrentQueue<int>();
        var (now, most) = (0, 0);
        var dag = new DagBuilder("d").Add(Task("a", async (context, cancel) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            try
            {
                tries.Enqueue(context.TryNumber);
                await (context.TryNumber == 1 ? System.Threading.Tasks.Task.Delay(Timeout.Infinite, cancel) : System.Threading.Tasks.Task.CompletedTask);
            }
            finally
            {
                Interlocked.Decrement(ref now);
            }
        })).Build();
        var host = await kit.StartAsync([dag]);
        var (runs, operations) = (host.Services.GetRequiredService<DagRuns>(), host.Services.GetRequiredService<DagOperations>());
        await operations.TriggerAsync("d", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        await Eventually.TrueAsync(() => !tries.IsEmpty, Limit);

        await operations.ClearAsync(new ClearRequest { DagId = "d", RunIds = ["r"], TaskIds = ["a"] }, Me, Cancellation);
        await UntilAsync(runs, DagRunState.Success);

        Assert.Equal([1, 2], tries);
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task Mark_RunningRunAsFailed_CancelsItsTriesAndSkipsTheRest()
    {
        await using var kit = new SchedulingKit(backend);
        var (began, cancelled) = (new TaskCompletionSource(), new TaskCompletionSource());
        var dag = new DagBuilder("d").Add(Task("a", async (_, cancel) =>
        {
            await using var registration = cancel.Register(cancelled.SetResult);
            began.SetResult();
            await System.Threading.Tasks.Task.Delay(Timeout.Infinite, cancel);
        })).Add(Nothing("b")).Chain("a", "b").Build();
        var host = await kit.StartAsync([dag]);
        var (runs, operations) = (host.Services.GetRequiredService<DagRuns>(), host.Services.GetRequiredService<DagOperations>());
        await operations.TriggerAsync("d", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        await began.Task;

        var marked = await operations.MarkRunAsync("d", "r", DagRunState.Failed, Me, Cancellation);
        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);

        Assert.Equal(DagRunState.Failed, marked.State);
        Assert.Equal("failed skipped", string.Join(' ', (await runs.ListTaskInstancesAsync("d", "r", Cancellation)).Select(task => task.State.ToWireName())));
    }

    [Fact]
    public async Task Mark_FailedTaskAsSuccess_LetsItsDownstreamRun()
    {
        await using var kit = new SchedulingKit(backend);
        var ran = new ConcurrentQueue<string>();
        var dag = new DagBuilder("d").Add(Task("a", (_, _) => throw new InvalidOperationException("no"))).Add(Record("b", ran)).Chain("a", "b").Build();
        var host = await kit.StartAsync([dag]);
        var (runs, operations) = (host.Services.GetRequiredService<DagRuns>(), host.Services.GetRequiredService<DagOperations>());
        await operations.TriggerAsync("d", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        await UntilAsync(runs, DagRunState.Failed);

        await operations.MarkTasksAsync(new MarkTasksRequest { DagId = "d", RunId = "r", TaskIds = ["a"], State = TaskInstanceState.Success }, Me, Cancellation);
        await UntilAsync(runs, DagRunState.Success);

        Assert.Equal(["b1"], ran);
    }

    [Fact]
    public async Task Pause_WhileARunIsUnderWay_StartsNothingMoreUntilUnpaused()
    {
        await using var kit = new SchedulingKit(backend);
        var (began, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var ran = new ConcurrentQueue<string>();
        var dag = new DagBuilder("d").Add(Task("a", async (_, _) => { began.TrySetResult(); await release.Task; })).Add(Record("b", ran)).Chain("a", "b").Build();
        var noticed = new TaskCompletionSource();
        var other = new DagBuilder("other").Add(Task("a", (_, _) => { noticed.TrySetResult(); return System.Threading.Tasks.Task.CompletedTask; })).Build();
        var host = await kit.StartAsync([dag, other], settings: new() { ["Scheduling:PollInterval"] = "00:00:00.05" });
        var (runs, operations) = (host.Services.GetRequiredService<DagRuns>(), host.Services.GetRequiredService<DagOperations>());
        await operations.TriggerAsync("d", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        await began.Task;

        Assert.True(await operations.PauseAsync("d", true, Me, Cancellation));
        await operations.TriggerAsync("d", new TriggerRequest { RunId = "later" }, Me, Cancellation);

        // A scheduler learns of a pause when it looks at the database next; that it starts this one says that it has looked since.
        await operations.TriggerAsync("other", new TriggerRequest { RunId = "o" }, Me, Cancellation);
        await noticed.Task;
        release.SetResult();
        await Eventually.TrueAsync(async () => (await runs.FindTaskInstanceAsync("d", "r", "a", Cancellation))!.State == TaskInstanceState.Success, Limit);
        Assert.Equal((DagRunState.Running, DagRunState.Queued), ((await runs.FindRunAsync("d", "r", Cancellation))!.State, (await runs.FindRunAsync("d", "later", Cancellation))!.State));
        Assert.Empty(ran);

        await operations.PauseAsync("d", false, Me, Cancellation);
        await UntilAsync(runs, DagRunState.Success);
        await UntilAsync(runs, DagRunState.Success, "later");
        Assert.Equal(2, ran.Count);
    }

    [Fact]
    public async Task Trigger_BadRequests_AreRefusedWithASentence()
    {
        await using var kit = new SchedulingKit(backend);
        var dag = new DagBuilder("d")
        {
            Params = [new DagParam("count", "3", """{"type":"integer","minimum":1}"""), new DagParam("who")],
        }.Add(Nothing("a")).Build();
        var host = kit.Build([dag]);
        var operations = host.Services.GetRequiredService<DagOperations>();

        await RefusedAsync(DagOperationFault.NotFound, "no DAG 'x'", () => operations.TriggerAsync("x", new TriggerRequest(), Me, Cancellation));
        await RefusedAsync(DagOperationFault.Invalid, "is a JSON object", () => operations.TriggerAsync("d", new TriggerRequest { Conf = "[1]" }, Me, Cancellation));
        await RefusedAsync(DagOperationFault.Invalid, "is not valid JSON", () => operations.TriggerAsync("d", new TriggerRequest { Conf = "{" }, Me, Cancellation));
        await RefusedAsync(DagOperationFault.Invalid, "at most 65536 bytes", () => operations.TriggerAsync("d", new TriggerRequest { Conf = $$"""{"who":"{{new string('x', 70_000)}}"}""" }, Me, Cancellation));
        await RefusedAsync(DagOperationFault.Invalid, "'who' has no default", () => operations.TriggerAsync("d", new TriggerRequest(), Me, Cancellation));
        await RefusedAsync(DagOperationFault.Invalid, "'count'", () => operations.TriggerAsync("d", new TriggerRequest { Conf = """{"who":"me","count":0}""" }, Me, Cancellation));
        await operations.TriggerAsync("d", new TriggerRequest { RunId = "r", Conf = """{"who":"me"}""" }, Me, Cancellation);
        await RefusedAsync(DagOperationFault.Conflict, "has a run 'r' already", () => operations.TriggerAsync("d", new TriggerRequest { RunId = "r", Conf = """{"who":"me"}""" }, Me, Cancellation));
        await RefusedAsync(DagOperationFault.NotFound, "no run 'nobody'", () => operations.ClearAsync(new ClearRequest { DagId = "d", RunIds = ["nobody"] }, Me, Cancellation));
        await RefusedAsync(DagOperationFault.Invalid, "Name the runs", () => operations.ClearAsync(new ClearRequest { DagId = "d" }, Me, Cancellation));
        await RefusedAsync(DagOperationFault.NotFound, "no task 'z'", () => operations.ClearAsync(new ClearRequest { DagId = "d", RunIds = ["r"], TaskIds = ["z"] }, Me, Cancellation));
        await RefusedAsync(DagOperationFault.Invalid, "cannot be deleted", () => operations.DeletePoolAsync(DagTask.DefaultPool, Me, Cancellation));
    }

    [Fact]
    public async Task Pool_OfOneSlot_LetsOneTaskOfAllRunsAndInstancesRunAtATime()
    {
        await using var kit = new SchedulingKit(backend);
        var (now, most, done) = (0, 0, 0);
        var dag = new DagBuilder("d").Add(new DagTask("a", async (_, cancel) =>
        {
            var current = Interlocked.Increment(ref now);
            most = Math.Max(most, current);
            await System.Threading.Tasks.Task.Delay(20, cancel);
            Interlocked.Decrement(ref now);
            Interlocked.Increment(ref done);
        })
        { Pool = "one" }).Build();
        var host = await kit.StartAsync([dag]);
        await kit.StartAsync([dag]);
        var operations = host.Services.GetRequiredService<DagOperations>();
        await operations.SavePoolAsync("one", 1, null, Me, Cancellation);
        for (var i = 0; i < 6; i++)
        {
            await operations.TriggerAsync("d", new TriggerRequest { RunId = $"r{i}" }, Me, Cancellation);
        }

        await Eventually.TrueAsync(() => done == 6, Limit);

        Assert.Equal(1, most);
    }

    [Fact]
    public async Task Assets_AllUpdated_RunTheDagThatWaitsForThem()
    {
        await using var kit = new SchedulingKit(backend);
        var (left, right) = (new Asset("left"), new Asset("right"));
        var ran = new ConcurrentQueue<string>();
        Dag Producer(string id, Asset asset) => new DagBuilder(id).Add(new DagTask("write", (context, _) =>
        {
            context.Describe(asset, new { rows = 7 });
            return System.Threading.Tasks.Task.CompletedTask;
        })
        { Outlets = [asset] }).Build();
        var consumer = new DagBuilder("d") { Timetable = Timetable.OnAssets(left, right) }.Add(Record("a", ran)).Build();
        var host = await kit.StartAsync([Producer("p1", left), Producer("p2", right), consumer]);
        var (runs, operations) = (host.Services.GetRequiredService<DagRuns>(), host.Services.GetRequiredService<DagOperations>());

        await operations.TriggerAsync("p1", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        await Eventually.TrueAsync(async () => (await runs.FindRunAsync("p1", "r", Cancellation))!.State == DagRunState.Success, Limit);
        Assert.Empty(ran);
        await operations.TriggerAsync("p2", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        await Eventually.TrueAsync(() => ran.Count == 1, Limit);

        var run = Assert.Single((await runs.ListRunsAsync(new DagRunQuery { DagId = "d" }, Cancellation)).Items);
        Assert.Equal((DagRunType.AssetTriggered, TriggeredBy.Asset), (run.Type, run.TriggeredBy));
        Assert.Contains((await runs.ListAssetEventsAsync(new AssetEventQuery(), Cancellation)).Items, update => update is { AssetName: "left", SourceDagId: "p1", Extra: """{"rows":7}""" });
    }

    [Fact]
    public async Task Backfill_IsPlannedRunInItsOrderPausedAndCancelled()
    {
        await using var kit = new SchedulingKit(backend);
        var seen = new ConcurrentQueue<DateTimeOffset>();
        var gate = new SemaphoreSlim(0);
        var start = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        var dag = new DagBuilder("d") { Timetable = Timetable.Cron("@hourly"), IsPausedUponCreation = false, EndDate = start }
            .Add(Task("a", async (context, cancel) =>
            {
                await gate.WaitAsync(cancel);
                seen.Enqueue(context.DataInterval.Start);
            })).Build();
        var host = await kit.StartAsync([dag], settings: new() { ["Scheduling:PollInterval"] = "00:00:00.05", ["Scheduling:HeartbeatInterval"] = "00:00:00.2" });
        var backfills = host.Services.GetRequiredService<Backfills>();
        var request = new BackfillRequest { DagId = "d", From = start.AddHours(1), To = start.AddHours(12), RunBackwards = true, MaxActiveRuns = 1 };

        var plan = await backfills.PlanAsync(request, Cancellation);
        var backfill = await backfills.CreateAsync(request, Me, Cancellation);
        await RefusedAsync(DagOperationFault.Conflict, "has a backfill under way", () => backfills.CreateAsync(request, Me, Cancellation));
        gate.Release(3);
        await Eventually.TrueAsync(() => seen.Count == 3, Limit);
        await backfills.PauseAsync(backfill.Id, true, Me, Cancellation);
        gate.Release(1);
        await Eventually.TrueAsync(async () => (await backfills.FindAsync(backfill.Id, Cancellation))!.Progress is { Running: 0, Queued: >= 8 and <= 9 }, Limit);
        await backfills.PauseAsync(backfill.Id, false, Me, Cancellation);
        gate.Release(2);
        await Eventually.TrueAsync(() => seen.Count >= 5, Limit);
        var cancelled = await backfills.CancelAsync(backfill.Id, Me, Cancellation);
        gate.Release(10);
        await Eventually.TrueAsync(async () => (await backfills.FindAsync(backfill.Id, Cancellation))!.Progress is { Running: 0 }, Limit);

        Assert.Equal(12, plan.Items.Count);
        Assert.Equal(plan.Items.Take(seen.Count).Select(item => item.LogicalDate), seen);
        Assert.NotNull(cancelled.CompletedAt);
        var progress = (await backfills.FindAsync(backfill.Id, Cancellation))!.Progress;
        Assert.Equal((12, 0, seen.Count, 12 - seen.Count), (progress.Total, progress.Queued, progress.Success, progress.Failed));

        // Again: only what failed, unless told otherwise.
        var none = await backfills.PlanAsync(request, Cancellation);
        var failed = await backfills.PlanAsync(request with { Reprocess = ReprocessBehavior.Failed }, Cancellation);
        Assert.All(none.Items, item => Assert.Equal("already exists", item.Skipped));
        Assert.Equal(progress.Failed, failed.Items.Count(item => item.Skipped is null));
        await RefusedAsync(DagOperationFault.Invalid, "cannot run the future", () => backfills.PlanAsync(request with { To = DateTimeOffset.MaxValue }, Cancellation));
    }

    [Fact]
    public async Task Backfill_WhoseSchedulerDies_GoesOnWithTheNext()
    {
        await using var kit = new SchedulingKit(backend);
        var ran = new ConcurrentDictionary<DateTimeOffset, int>();
        var start = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
        var dag = new DagBuilder("d") { Timetable = Timetable.Cron("@hourly"), EndDate = start }
            .Add(new DagTask("a", (context, _) => { ran.AddOrUpdate(context.DataInterval.Start, 1, (_, n) => n + 1); return System.Threading.Tasks.Task.CompletedTask; })).Build();
        var first = await kit.StartAsync([dag]);
        await first.Services.GetRequiredService<Backfills>().CreateAsync(
            new BackfillRequest { DagId = "d", From = start.AddHours(1), To = start.AddHours(40), MaxActiveRuns = 4 }, Me, Cancellation);
        await Eventually.TrueAsync(() => ran.Count > 5, Limit);
        await first.StopAsync(Cancellation);

        var second = await kit.StartAsync([dag]);
        var backfills = second.Services.GetRequiredService<Backfills>();
        await Eventually.TrueAsync(async () => (await backfills.ListAsync("d", false, 1, 0, Cancellation)).Items[0].CompletedAt is not null, Limit);

        Assert.Equal(40, ran.Count);
        Assert.Equal(new BackfillProgress(40, 0, 0, 0, 40, 0), (await backfills.ListAsync("d", false, 1, 0, Cancellation)).Items[0].Progress);
    }

    [Fact]
    public async Task Deadline_Missed_IsRecordedOnceAndToldToTheCallback()
    {
        await using var kit = new SchedulingKit(backend);
        var told = new ConcurrentQueue<string>();
        var release = new TaskCompletionSource();
        var dag = new DagBuilder("d")
        {
            Deadlines =
            [
                new Deadline("soon", DeadlineReference.QueuedAt, TimeSpan.FromMilliseconds(50))
                {
                    OnMissed = (context, _) => { told.Enqueue($"{context.Run.RunId} {context.Reason}"); return System.Threading.Tasks.Task.CompletedTask; },
                },
                new Deadline("later", DeadlineReference.QueuedAt, TimeSpan.FromHours(1)),
            ],
        }.Add(Task("a", async (_, _) => await release.Task)).Build();
        var settings = new Dictionary<string, string?> { ["Scheduling:HeartbeatInterval"] = "00:00:00.1", ["Scheduling:PollInterval"] = "00:00:00.05" };
        var host = await kit.StartAsync([dag], settings: settings);
        await kit.StartAsync([dag], settings: settings);
        await host.Services.GetRequiredService<DagOperations>().TriggerAsync("d", new TriggerRequest { RunId = "r" }, Me, Cancellation);

        await Eventually.TrueAsync(() => !told.IsEmpty, Limit);
        release.SetResult();
        await UntilAsync(host.Services.GetRequiredService<DagRuns>(), DagRunState.Success);

        Assert.Equal(["r soon"], told);
        Assert.Equal("soon", Assert.Single(await host.Services.GetRequiredService<DagRuns>().ListDeadlinesAsync("d", "r", missedOnly: true, 10, Cancellation)).Name);
    }

    [Fact]
    public async Task FollowLog_OfARunningTry_GivesLinesAsTheyComeAndEndsWithIt()
    {
        await using var kit = new SchedulingKit(backend);
        var release = new TaskCompletionSource();
        var dag = new DagBuilder("d").Add(Task("a", async (_, _) => await release.Task)).Build();
        var host = await kit.StartAsync([dag]);
        await host.Services.GetRequiredService<DagOperations>().TriggerAsync("d", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        var runs = host.Services.GetRequiredService<DagRuns>();
        await Eventually.TrueAsync(async () => (await runs.FindTaskInstanceAsync("d", "r", "a", Cancellation))?.State == TaskInstanceState.Running, Limit);

        var lines = new List<string>();
        await foreach (var line in runs.FollowLogAsync("d", "r", "a", 1, Cancellation))
        {
            // The first line is there while the try still runs: it waits for this.
            release.TrySetResult();
            lines.Add(line.Message);
        }

        Assert.Equal("Marking task as success", lines[^1]);
        Assert.True(lines.Count >= 2);
    }

    private static DagTask Record(string id, ConcurrentQueue<string> ran) => Task(id, (context, _) =>
    {
        ran.Enqueue($"{id}{context.TryNumber}");
        return System.Threading.Tasks.Task.CompletedTask;
    });

    private static Task UntilAsync(DagRuns runs, DagRunState state, string runId = "r")
        => Eventually.TrueAsync(async () => (await runs.FindRunAsync("d", runId, Cancellation))!.State == state, Limit);

    private static async Task RefusedAsync(DagOperationFault kind, string words, Func<Task> operation)
    {
        var error = await Assert.ThrowsAsync<DagOperationException>(operation);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(kind, error.Kind);
    }
}

public sealed class SqliteDagOperationsTests() : DagOperationsTests(Backend.Sqlite);

public sealed class PostgresDagOperationsTests() : DagOperationsTests(Backend.Postgres);
