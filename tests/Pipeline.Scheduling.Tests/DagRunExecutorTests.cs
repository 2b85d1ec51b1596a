using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;
using Pipeline.Testing;
using static Pipeline.Scheduling.Tests.SchedulingKit;

namespace Pipeline.Scheduling.Tests;

/// <summary>Runs driven by hand; the same on both databases.</summary>
public abstract class DagRunExecutorTests(Backend backend)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_Chain_RunsInOrderAndSucceeds()
    {
        await using var kit = new SchedulingKit(backend);
        var order = new ConcurrentQueue<string>();
        DagTask Record(string id) => new(id, (context, _) =>
        {
            order.Enqueue($"{context.TaskId}#{context.TryNumber}");
            return System.Threading.Tasks.Task.CompletedTask;
        });
        var dag = new DagBuilder("d").Add(Record("a")).Add(Record("b")).Add(Record("c")).Chain("a", "b", "c").Build();

        var finished = await RunAsync(kit.Build([dag]), Cancellation);

        Assert.Equal("success", finished.State);
        Assert.Equal(["a#1", "b#1", "c#1"], order);
        Assert.All(["a", "b", "c"], id => Assert.Equal("success", finished.TaskState(id)));
    }

    [Fact]
    public async Task Run_TryFails_RetriesWithBackoffAndKeepsTheReason()
    {
        await using var kit = new SchedulingKit(backend);
        var clock = new FakeTimeProvider();
        var starts = new List<DateTimeOffset>();
        var dag = new DagBuilder("d").Add(new DagTask("a", (context, _) =>
        {
            starts.Add(clock.GetUtcNow());
            return context.TryNumber < 3 ? throw new InvalidOperationException($"no {context.TryNumber}") : System.Threading.Tasks.Task.CompletedTask;
        })
        { Retries = 3, RetryDelay = new RetryDelay(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1)) }).Build();

        var finished = await RunAsync(kit.Build([dag], clock), Cancellation);

        Assert.Equal("success", finished.State);
        Assert.Equal(3, finished.Task("a").TryNumber);
        Assert.InRange((starts[1] - starts[0]).TotalSeconds, 5, 12);
        Assert.InRange((starts[2] - starts[1]).TotalSeconds, 10, 22);
        Assert.Contains(await finished.LogAsync("a", 1), line => line.StartsWith("WARNING Marking task as up_for_retry", StringComparison.Ordinal) && line.EndsWith("no 1", StringComparison.Ordinal));
        Assert.Contains("INFO Marking task as success", await finished.LogAsync("a", 3));
    }

    [Fact]
    public async Task Run_TriesExhausted_FailsAndPassesUpstreamFailedOn()
    {
        await using var kit = new SchedulingKit(backend);
        var ran = 0;
        var dag = new DagBuilder("d")
            .Add(new DagTask("a", (_, _) => throw new InvalidOperationException("the disk fell off")) { Retries = 1, RetryDelay = new RetryDelay(TimeSpan.Zero, TimeSpan.Zero) })
            .Add(Task("b", (_, _) => { Interlocked.Increment(ref ran); return System.Threading.Tasks.Task.CompletedTask; }))
            .Add(Nothing("c"))
            .Add(Nothing("other"))
            .Chain("a", "b", "c")
            .Build();

        var finished = await RunAsync(kit.Build([dag]), Cancellation);

        Assert.Equal("failed", finished.State);
        Assert.Equal(0, ran);
        Assert.Equal(("failed", 2, "the disk fell off"), (finished.TaskState("a"), finished.Task("a").TryNumber, finished.Task("a").Error));
        Assert.Equal(("upstream_failed", "upstream_failed", "success"), (finished.TaskState("b"), finished.TaskState("c"), finished.TaskState("other")));
    }

    /// <summary>Each is called once, after what it tells of is stored; what it throws harms nothing.</summary>
    [Fact]
    public async Task Run_Callbacks_AreToldHowTriesAndTheRunEnd()
    {
        await using var kit = new SchedulingKit(backend);
        var told = new ConcurrentQueue<string>();
        Func<DagCallbackContext, CancellationToken, Task> Tell(string what) => (context, _) =>
        {
            told.Enqueue($"{what} {context.Task?.TaskId ?? context.Run.State.ToWireName()} {context.Reason}".TrimEnd());
            return what == "success" ? throw new InvalidOperationException("a callback has no say") : System.Threading.Tasks.Task.CompletedTask;
        };
        DagTask Telling(string id, Func<TaskContext, CancellationToken, Task> run) => new(id, run)
        {
            Retries = 1,
            RetryDelay = new RetryDelay(TimeSpan.Zero, TimeSpan.Zero),
            OnSuccess = Tell("success"),
            OnFailure = Tell("failure"),
            OnRetry = Tell("retry"),
            OnSkipped = Tell("skipped"),
        };
        var dag = new DagBuilder("d") { OnSuccess = Tell("run succeeded"), OnFailure = Tell("run failed") }
            .Add(Telling("good", (_, _) => System.Threading.Tasks.Task.CompletedTask))
            .Add(Telling("bad", (context, _) => throw new InvalidOperationException($"no {context.TryNumber}")))
            .Add(Telling("idle", (_, _) => throw new TaskSkippedException("nothing new")))
            .Build();

        var finished = await RunAsync(kit.Build([dag]), Cancellation);

        Assert.Equal(("failed", "success"), (finished.State, finished.TaskState("good")));
        Assert.Equal(["failure bad no 2", "retry bad no 1", "run failed failed", "skipped idle nothing new", "success good"], told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Run_FailureInsideButLeafSucceeded_IsDecidedByTheLeaves()
    {
        await using var kit = new SchedulingKit(backend);
        var dag = new DagBuilder("d").Add(Task("a", (_, _) => throw new TaskSkippedException("nothing new"))).Add(Nothing("b")).Chain("a", "b").Build();

        var finished = await RunAsync(kit.Build([dag]), Cancellation);

        Assert.Equal(("success", "skipped", "skipped"), (finished.State, finished.TaskState("a"), finished.TaskState("b")));
    }

    [Fact]
    public async Task Run_LongerThanItsTimeout_FailsAndTheRestIsSkipped()
    {
        await using var kit = new SchedulingKit(backend);
        var clock = new FakeTimeProvider();
        var hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var dag = new DagBuilder("d") { RunTimeout = TimeSpan.FromSeconds(20) }
            .Add(Nothing("done"))
            .Add(Task("hangs", (_, cancel) => { hangs.TrySetResult(); return System.Threading.Tasks.Task.Delay(Timeout.Infinite, cancel); }))
            .Add(Nothing("later"))
            .Chain("done", "hangs", "later")
            .Build();
        var host = kit.Build([dag], clock);

        // The clock stands still until the task hangs, however long the database takes.
        var work = host.Services.GetRequiredService<DagTester>().RunAsync("d", new TriggerRequest(), Me, Cancellation);
        await hangs.Task.WaitAsync(TimeSpan.FromMinutes(2), Cancellation);
        var finished = await FinishedRun.ReadAsync(host, (await AdvanceUntilAsync(clock, work))!, Cancellation);

        Assert.Equal(("failed", "success", "skipped", "skipped"), (finished.State, finished.TaskState("done"), finished.TaskState("hangs"), finished.TaskState("later")));
        Assert.True(finished.Run.EndDate - finished.Run.StartDate >= TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Run_TaskFailedException_IsNotRetried()
    {
        await using var kit = new SchedulingKit(backend);
        var dag = new DagBuilder("d").Add(new DagTask("a", (_, _) => throw new TaskFailedException("never")) { Retries = 5 }).Build();

        var finished = await RunAsync(kit.Build([dag]), Cancellation);

        Assert.Equal(("failed", 1), (finished.State, finished.Task("a").TryNumber));
    }

    [Fact]
    public async Task Run_TaskRetryException_WaitsAtLeastAsLongAsAsked()
    {
        await using var kit = new SchedulingKit(backend);
        var clock = new FakeTimeProvider();
        var starts = new List<DateTimeOffset>();
        var dag = new DagBuilder("d").Add(new DagTask("a", (context, _) =>
        {
            starts.Add(clock.GetUtcNow());
            return context.TryNumber == 1 ? throw new TaskRetryException("slow down", TimeSpan.FromSeconds(42)) : System.Threading.Tasks.Task.CompletedTask;
        })
        { Retries = 1, RetryDelay = new RetryDelay(TimeSpan.Zero, TimeSpan.Zero) }).Build();

        await RunAsync(kit.Build([dag], clock), Cancellation);

        Assert.InRange((starts[1] - starts[0]).TotalSeconds, 42, 44);
    }

    [Fact]
    public async Task Run_Timeout_CancelsTheTaskAndFailsIt()
    {
        await using var kit = new SchedulingKit(backend);
        var clock = new FakeTimeProvider();
        var dag = new DagBuilder("d").Add(new DagTask("a", (_, cancel) => System.Threading.Tasks.Task.Delay(Timeout.Infinite, cancel)) { Timeout = TimeSpan.FromSeconds(7) }).Build();

        var finished = await RunAsync(kit.Build([dag], clock), Cancellation);

        Assert.Equal(("failed", "Timed out after 7 s."), (finished.State, finished.Task("a").Error));
    }

    [Fact]
    public async Task Run_TaskIgnoresItsCancellation_IsAbandonedAndReported_AndChangesNothingLater()
    {
        await using var kit = new SchedulingKit(backend);
        var clock = new FakeTimeProvider();
        var release = new TaskCompletionSource();
        var latePush = new TaskCompletionSource<Exception?>();
        var dag = new DagBuilder("d").Add(new DagTask("a", async (context, _) =>
        {
            await release.Task;
            latePush.SetResult(Record.Exception(() => context.Push("late", 1)));
        })
        { Timeout = TimeSpan.FromSeconds(2) }).Build();

        var finished = await RunAsync(kit.Build([dag], clock), Cancellation);
        release.SetResult();

        Assert.Equal("Timed out after 2 s and ignored its cancellation; it was abandoned.", finished.Task("a").Error);
        Assert.Contains(await finished.LogAsync("a", 1), line => line.Contains("is abandoned", StringComparison.Ordinal));
        Assert.IsType<InvalidOperationException>(await latePush.Task);
    }

    [Fact]
    public async Task Run_ManyReadyTasks_StayWithinTheLimit()
    {
        await using var kit = new SchedulingKit(backend);
        var (now, most) = (0, 0);
        var gate = new Lock();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = new DagBuilder("d");
        for (var i = 0; i < 20; i++)
        {
            builder.Add(new DagTask($"t{i}", async (_, cancel) =>
            {
                lock (gate)
                {
                    most = Math.Max(most, ++now);
                    if (now == 3)
                    {
                        reached.TrySetResult();
                    }
                }

                // Nobody ends before as many run as may; then each stays long enough for one too many to be seen.
                await reached.Task.WaitAsync(TimeSpan.FromSeconds(60), cancel);
                await System.Threading.Tasks.Task.Delay(2, cancel);
                lock (gate)
                {
                    now--;
                }
            }));
        }

        var finished = await RunAsync(kit.Build([builder.Build()], settings: new() { ["Scheduling:MaxActiveTasks"] = "3" }), Cancellation);

        Assert.Equal(("success", 3), (finished.State, most));
    }

    [Fact]
    public async Task Push_SuccessfulTry_IsPulledDownstreamAndListed()
    {
        await using var kit = new SchedulingKit(backend);
        var pulled = 0;
        var dag = new DagBuilder("d")
            .Add(Task("a", (context, _) => { context.Push("count", 42); return System.Threading.Tasks.Task.CompletedTask; }))
            .Add(Task("b", (context, _) => { pulled = context.Pull<int>("a", "count"); return System.Threading.Tasks.Task.CompletedTask; }))
            .Chain("a", "b")
            .Build();

        var finished = await RunAsync(kit.Build([dag]), Cancellation);

        Assert.Equal(42, pulled);
        var result = Assert.Single(finished.Results);
        Assert.Equal(("a", "count", "42"), (result.TaskId, result.Key, result.Value));
    }

    [Fact]
    public async Task Push_FailedTry_LeavesNothing()
    {
        await using var kit = new SchedulingKit(backend);
        var dag = new DagBuilder("d").Add(Task("a", (context, _) => { context.Push("count", 42); throw new InvalidOperationException("after the push"); })).Build();

        var finished = await RunAsync(kit.Build([dag]), Cancellation);

        Assert.Empty(finished.Results);
    }

    [Fact]
    public async Task Push_MoreThan64KiB_FailsWithoutRetryAndSaysWhatToDo()
    {
        await using var kit = new SchedulingKit(backend);
        var dag = new DagBuilder("d").Add(new DagTask("a", (context, _) => { context.Push("big", new string('x', 65_536)); return System.Threading.Tasks.Task.CompletedTask; }) { Retries = 3 }).Build();

        var finished = await RunAsync(kit.Build([dag]), Cancellation);

        Assert.Equal(("failed", 1), (finished.State, finished.Task("a").TryNumber));
        Assert.Contains("65538 bytes", finished.Task("a").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_OfTheTask_IsStoredPerTry()
    {
        await using var kit = new SchedulingKit(backend);
        var dag = new DagBuilder("d").Add(Task("a", (context, _) =>
        {
#pragma warning disable CA1848, CA1873 // A test logs once.
            context.Logger.LogWarning("seen {Count} of them", 3);
#pragma warning restore CA1848, CA1873
            return System.Threading.Tasks.Task.CompletedTask;
        })).Build();

        var finished = await RunAsync(kit.Build([dag]), Cancellation);

        Assert.Contains("WARNING seen 3 of them", await finished.LogAsync("a", 1));
        Assert.Empty(await finished.LogAsync("a", 2));
    }

    [Fact]
    public async Task Stop_DuringATry_InterruptsItAndTheResumedRunLosesNoTry()
    {
        await using var kit = new SchedulingKit(backend);
        var started = new TaskCompletionSource();
        var dag = new DagBuilder("d").Add(Task("a", async (context, cancel) =>
        {
            started.TrySetResult();
            if (context.TryNumber == 1)
            {
                await System.Threading.Tasks.Task.Delay(Timeout.Infinite, cancel);
            }
        })).Build();
        var host = kit.Build([dag]);
        var runs = host.Services.GetRequiredService<DagRuns>();
        using var stop = new CancellationTokenSource();

        var work = host.Services.GetRequiredService<DagTester>().RunAsync("d", new TriggerRequest { RunId = "r" }, Me, stop.Token);
        await started.Task;
        await stop.CancelAsync();
        var given = await work;
        var interrupted = (await runs.FindTaskInstanceAsync("d", "r", "a", Cancellation))!;
        await kit.StartAsync([dag]);
        await Eventually.TrueAsync(async () => (await runs.FindRunAsync("d", "r", Cancellation))!.State == DagRunState.Success);

        Assert.Null(given);
        Assert.Equal((TaskInstanceState.UpForRetry, 1, 1), (interrupted.State, interrupted.TryNumber, interrupted.MaxTries));
        Assert.Equal(["failed 1", "success 2"], (await runs.ListTriesAsync("d", "r", "a", Cancellation)).Select(task => $"{task.State.ToWireName()} {task.TryNumber}"));
    }

    [Theory]
    [InlineData(1, "success", 2)]
    [InlineData(0, "failed", 1)]
    public async Task Resume_TryOfADeadScheduler_CountsAsFailed(int retries, string state, int tries)
    {
        await using var kit = new SchedulingKit(backend);
        var dag = new DagBuilder("d").Add(new DagTask("a", (_, _) => System.Threading.Tasks.Task.CompletedTask) { Retries = retries }).Build();
        await DeadInstance.LeaveRunAsync(kit.Build([dag]), dag, "r", "a");

        var host = await kit.StartAsync([dag]);
        var runs = host.Services.GetRequiredService<DagRuns>();
        await Eventually.TrueAsync(async () => (await runs.FindRunAsync("d", "r", Cancellation))!.State.IsFinished());

        var task = (await runs.FindTaskInstanceAsync("d", "r", "a", Cancellation))!;
        Assert.Equal((state, tries), ((await runs.FindRunAsync("d", "r", Cancellation))!.State.ToWireName(), task.TryNumber));
    }

    [Fact]
    public async Task Save_AfterAnotherInstanceTookTheRun_IsRefused()
    {
        await using var kit = new SchedulingKit(backend);
        var started = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var dag = new DagBuilder("d").Add(Task("a", async (context, _) =>
        {
            context.Push("who", "the old one");
            started.TrySetResult();
            await release.Task;
        })).Build();
        var old = kit.Build([dag]);
        var work = old.Services.GetRequiredService<DagTester>().RunAsync("d", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        await started.Task;

        var next = kit.Build([dag]).Services;
        await next.GetRequiredService<DagVersions>().SaveAsync(next.GetRequiredService<MetadataDatabase>(), Cancellation);
        var gone = old.Services.GetRequiredService<InstanceLease>().Instance.Id;
        var claims = await next.GetRequiredService<MetadataDatabase>().WriteAsync(
            session => ClaimTable.TakeOrphans(session, next.GetRequiredService<DagVersions>().Current, "the next one", [gone], [], 10), Cancellation);
        release.SetResult();

        Assert.Null(await work);
        Assert.Equal(2, Assert.Single(claims).Token);
        Assert.Empty(await next.GetRequiredService<DagRuns>().ListResultsAsync("d", "r", Cancellation));
        Assert.Equal(TaskInstanceState.Running, (await next.GetRequiredService<DagRuns>().FindTaskInstanceAsync("d", "r", "a", Cancellation))!.State);
    }

    [Fact]
    public async Task Claim_ManyInstancesAtOnce_EachRunIsClaimedOnce()
    {
        await using var kit = new SchedulingKit(backend);
        var dag = new DagBuilder("d") { MaxActiveRuns = 30 }.Add(Nothing("a")).Build();
        var hosts = Enumerable.Range(0, 4).Select(_ => kit.Build([dag]).Services).ToList();
        foreach (var host in hosts)
        {
            await host.GetRequiredService<MetadataDatabase>().MigrateAsync(Cancellation);
            await host.GetRequiredService<DagVersions>().SaveAsync(host.GetRequiredService<MetadataDatabase>(), Cancellation);
        }

        for (var i = 0; i < 40; i++)
        {
            await hosts[0].GetRequiredService<DagOperations>().TriggerAsync("d", new TriggerRequest { RunId = $"r{i}" }, Me, Cancellation);
        }

        var claimed = new ConcurrentQueue<string>();
        await System.Threading.Tasks.Task.WhenAll(hosts.Select((host, n) => System.Threading.Tasks.Task.Run(
            async () =>
            {
                // One that comes while another claims goes away with nothing and comes again; each tries on when all are taken.
                await Eventually.TrueAsync(async () => await ClaimAsync(host, n) && claimed.Count >= 30, TimeSpan.FromMinutes(1));
                for (var i = 0; i < 5; i++)
                {
                    await ClaimAsync(host, n);
                }
            },
            Cancellation)));

        Assert.Equal(30, claimed.Count);
        Assert.Equal(30, claimed.Distinct().Count());

        async Task<bool> ClaimAsync(IServiceProvider host, int n)
        {
            foreach (var claim in await host.GetRequiredService<MetadataDatabase>().WriteAsync(
                session => ClaimTable.TakeQueued(session, host.GetRequiredService<DagVersions>().Current, $"instance {n}", 3, DateTimeOffset.UnixEpoch), Cancellation))
            {
                claimed.Enqueue(claim.Run.RunId);
            }

            return true;
        }
    }
}

public sealed class SqliteDagRunExecutorTests() : DagRunExecutorTests(Backend.Sqlite);

public sealed class PostgresDagRunExecutorTests() : DagRunExecutorTests(Backend.Postgres);
