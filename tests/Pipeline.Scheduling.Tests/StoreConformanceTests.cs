using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;
using static Pipeline.Scheduling.Tests.SchedulingKit;

namespace Pipeline.Scheduling.Tests;

/// <summary>What both databases have to do alike.</summary>
public abstract class StoreConformanceTests(Backend backend)
{
    private static readonly Dag Empty = new DagBuilder("d").Add(Nothing("a")).Build();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Transitions_InTheDatabase_AreThoseOfTheCode()
    {
        await using var kit = new SchedulingKit(backend);
        var database = await MigrateAsync(kit);

        var tasks = database.Read(session => session.Query<(string, string)>("SELECT from_state, to_state FROM task_instance_transition"));
        var runs = database.Read(session => session.Query<(string, string)>("SELECT from_state, to_state FROM dag_run_transition"));

        var states = Enum.GetValues<TaskInstanceState>();
        Assert.Equal(
            (from a in states from b in states where a != b && TaskInstanceTransitions.CanBeWritten(a, b) select (a.ToWireName(), b.ToWireName())).Order(),
            tasks.Order());
        Assert.Equal(
            (from a in Enum.GetValues<DagRunState>()
             from e in Enum.GetValues<DagRunEvent>()
             where DagRunTransitions.Next(a, e) is not null
             select (a.ToWireName(), DagRunTransitions.Next(a, e)!.Value.ToWireName())).Distinct().Order(),
            runs.Order());
    }

    /// <summary>Every pair of states, written straight into the table past all of the code.</summary>
    [Fact]
    public async Task Transition_IllegalOne_IsRefusedByTheDatabaseItself()
    {
        await using var kit = new SchedulingKit(backend);
        var database = await MigrateAsync(kit);
        await database.WriteAsync(
            session => DagRunTable.Insert(session, DagRun.Scheduled(Empty, new DataInterval(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1)), DateTimeOffset.UnixEpoch), []), Cancellation);
        var states = Enum.GetValues<TaskInstanceState>();
        foreach (var from in states)
        {
            foreach (var to in states.Where(to => to != from))
            {
                await ResetAsync(database, from);
                var write = database.WriteAsync(session => session.Execute("UPDATE task_instance SET state = @to", new { to = to.ToWireName() }), Cancellation);
                if (TaskInstanceTransitions.CanBeWritten(from, to))
                {
                    Assert.Equal(1, await write);
                }
                else
                {
                    Assert.Contains("illegal transition", (await Assert.ThrowsAsync<MetadataStoreException>(() => write)).Message, StringComparison.Ordinal);
                }
            }
        }

        await Assert.ThrowsAsync<MetadataStoreException>(() => database.WriteAsync(session => session.Execute("UPDATE dag_run SET state = 'success' WHERE state = 'queued' AND 1 = 1; UPDATE dag_run SET state = 'running'"), Cancellation));
        await Assert.ThrowsAsync<MetadataStoreException>(() => database.WriteAsync(
            session => session.Execute("INSERT INTO task_instance (dag_id, run_id, task_id, state, try_number, max_tries) SELECT dag_id, run_id, 'x', 'success', 1, 0 FROM dag_run"), Cancellation));
    }

    [Fact]
    public async Task Write_ThatThrows_LeavesNothingBehindAndTheOthersOfItsBatchStay()
    {
        await using var kit = new SchedulingKit(backend);
        var database = await MigrateAsync(kit);

        // The first one holds the writer, so that the others wait together.
        using var gate = new ManualResetEventSlim();
        var first = database.WriteAsync(_ => { gate.Wait(Cancellation); return 0; }, Cancellation);
        var writes = Enumerable.Range(0, 9).Select(i => database.WriteAsync(
            session =>
            {
                AuditTable.Insert(session, $"write {i}", Me, DateTimeOffset.UnixEpoch);
                return i % 3 == 1 ? throw new InvalidOperationException($"no {i}") : i;
            },
            Cancellation)).ToList();
        gate.Set();
        await first;

        for (var i = 0; i < writes.Count; i++)
        {
            if (i % 3 == 1)
            {
                await Assert.ThrowsAsync<InvalidOperationException>(() => writes[i]);
            }
            else
            {
                Assert.Equal(i, await writes[i]);
            }
        }

        Assert.Equal(
            ["write 0", "write 2", "write 3", "write 5", "write 6", "write 8"],
            database.Read(session => session.Query<string>("SELECT event FROM log ORDER BY event")));
    }

    /// <summary>Starts and ends that wait together are few statements, and each is decided as if it came alone.</summary>
    [Fact]
    public async Task Tries_StartedAndEndedTogether_AreDecidedEachForItself()
    {
        await using var kit = new SchedulingKit(backend);
        string[] ids = ["a", "b", "c", "d", "e"];
        var builder = new DagBuilder("many");
        foreach (var id in ids)
        {
            builder.Add(new DagTask(id, (_, _) => System.Threading.Tasks.Task.CompletedTask) { Pool = id == "e" ? "nobody_made_it" : "narrow" });
        }

        var services = kit.Build([builder.Build()]).Services;
        var database = services.GetRequiredService<MetadataDatabase>();
        var versions = services.GetRequiredService<DagVersions>();
        await database.MigrateAsync(Cancellation);
        await versions.SaveAsync(database, Cancellation);
        await services.GetRequiredService<DagOperations>().SavePoolAsync("narrow", 2, null, Me, Cancellation);
        await database.WriteAsync(session => session.Execute("DELETE FROM slot_pool WHERE pool = 'nobody_made_it'"), Cancellation);
        await services.GetRequiredService<DagOperations>().TriggerAsync("many", new TriggerRequest { RunId = "r" }, Me, Cancellation);
        var now = DateTimeOffset.UnixEpoch.AddDays(1);
        var claim = (await database.WriteAsync(session => ClaimTable.TakeQueued(session, versions.Current, "me", 1, now), Cancellation)).Single();
        TaskMove Start(string id, Claim by)
        {
            var none = database.Read(session => TaskInstanceTable.Find(session, "many", "r", id))!;
            return new TaskMove(by, none, none.Apply(TaskInstanceEvent.Schedule, now).Apply(TaskInstanceEvent.Queue, now).Apply(TaskInstanceEvent.Start, now));
        }

        // Of the pool's two slots one goes to a start that is refused, because its owner has lost the run: the room that it would have taken is not given on at once.
        var starts = new[] { Start("a", claim), Start("b", claim with { Token = claim.Token - 1 }), Start("c", claim), Start("e", claim) };
        var started = await TogetherAsync(database, starts.Select<TaskMove, Func<Task<TryStartResult>>>(move => () => database.WriteAsync(TryTable.Starts, move, Cancellation)));
        Assert.Equal([TryStartResult.Started, TryStartResult.Refused, TryStartResult.PoolFull, TryStartResult.PoolFull], started);
        Assert.Equal(TryStartResult.Started, await database.WriteAsync(TryTable.Starts, Start("c", claim), Cancellation));
        Assert.Equal(TryStartResult.PoolFull, await database.WriteAsync(TryTable.Starts, Start("d", claim), Cancellation));

        // Two ends for one try: the first counts. One that skips a state is refused by the database, and takes no other along.
        var (a, c, d) = (Running("a"), Running("c"), database.Read(session => TaskInstanceTable.Find(session, "many", "r", "d"))!);
        Assert.Equal([true, false], await EndTogetherAsync(End(claim, a, a.Apply(TaskInstanceEvent.Succeed, now)), End(claim, a, a.Apply(TaskInstanceEvent.Fail, now))));
        Assert.Equal([null, true], await EndTogetherAsync(End(claim, d, d with { State = TaskInstanceState.UpForRetry }), End(claim, c, c.Apply(TaskInstanceEvent.Retry, now) with { NextRetryAt = now })));
        Assert.Equal(
            ["a success", "b none", "c up_for_retry", "d none", "e none"],
            database.Read(session => TaskInstanceTable.List(session, "many", "r")).Select(task => $"{task.TaskId} {task.State.ToWireName()}"));
        Assert.Equal(TaskInstanceState.Failed, database.Read(session => TaskInstanceTable.ListTries(session, "many", "r", "c")).Single().State);
        Assert.Equal(["a of a"], database.Read(session => ResultTable.ReadLines(session, "many", "r", "a", 1, 0, 10)).Select(line => line.Message));

        Task<bool?[]> EndTogetherAsync(params TryEnd[] ends) => TogetherAsync(database, ends.Select<TryEnd, Func<Task<bool?>>>(end => async () =>
        {
            try
            {
                return await database.WriteAsync(TryTable.Ends, end, Cancellation);
            }
            catch (MetadataStoreException)
            {
                return null;
            }
        }));

        TaskInstance Running(string id) => database.Read(session => TaskInstanceTable.Find(session, "many", "r", id))!;

        TryEnd End(Claim by, TaskInstance from, TaskInstance to)
            => new(new TaskMove(by, from, to), [], [new TaskLogLine("many", "r", to.TaskId, to.TryNumber, 1, now, "INFO", $"{to.TaskId} of {from.TaskId}")], [], IsRepeated: false);
    }

    /// <summary>Begins the writes while another holds the writer, so that they wait together.</summary>
    private static async Task<T[]> TogetherAsync<T>(MetadataDatabase database, IEnumerable<Func<Task<T>>> writes)
    {
        using var gate = new ManualResetEventSlim();
        var first = database.WriteAsync(_ => { gate.Wait(Cancellation); return 0; }, Cancellation);
        var begun = writes.Select(write => write()).ToList();
        gate.Set();
        await first;
        return await System.Threading.Tasks.Task.WhenAll(begun);
    }

    [Fact]
    public async Task Migrate_ManyProcessesAtOnce_MakesTheTablesOnce()
    {
        await using var kit = new SchedulingKit(backend, withoutTables: true);
        var hosts = Enumerable.Range(0, 6).Select(_ => kit.Build([Empty])).ToList();

        await System.Threading.Tasks.Task.WhenAll(hosts.Select(host => System.Threading.Tasks.Task.Run(() => host.Services.GetRequiredService<MetadataDatabase>().MigrateAsync(Cancellation), Cancellation)));

        Assert.Single(await hosts[0].Services.GetRequiredService<DagRuns>().ListPoolsAsync(Cancellation));
    }

    [Fact]
    public async Task Tick_MaxActiveRunsReached_CreatesNoMore()
    {
        await using var kit = new SchedulingKit(backend);
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        var dag = new DagBuilder("d")
        {
            Timetable = Timetable.Every(TimeSpan.FromMinutes(1)),
            Catchup = true,
            StartDate = clock.GetUtcNow().AddHours(-1),
            MaxActiveRuns = 4,
        }.Add(Nothing("a")).Build();
        var services = kit.Build([dag], clock).Services;
        await PrepareAsync(services);

        await services.GetRequiredService<DagScheduler>().TickAsync(dag, Cancellation);
        await services.GetRequiredService<DagScheduler>().TickAsync(dag, Cancellation);

        Assert.Equal(4, (await services.GetRequiredService<DagRuns>().CountRunsAsync("d", Cancellation))[DagRunState.Queued]);
    }

    [Fact]
    public async Task Prune_OldRuns_GoWithAllTheirRowsAndTheScheduleGoesOn()
    {
        await using var kit = new SchedulingKit(backend);
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        var dag = new DagBuilder("d") { Timetable = Timetable.Every(TimeSpan.FromMinutes(1)), Catchup = true, StartDate = clock.GetUtcNow() }
            .Add(Task("a", (context, _) => { context.Push("n", 1); return System.Threading.Tasks.Task.CompletedTask; }))
            .Build();
        var host = kit.Build([dag], clock, new() { ["Scheduling:RunRetention"] = "01:00:00" });
        var services = host.Services;
        await PrepareAsync(services);
        for (var i = 0; i < 3; i++)
        {
            await AdvanceUntilAsync(clock, services.GetRequiredService<DagTester>().RunAsync("d", new TriggerRequest(), Me, Cancellation));
        }

        await services.GetRequiredService<DagScheduler>().TickAsync(dag, Cancellation);
        var next = (await services.GetRequiredService<DagRuns>().FindDagAsync("d", Cancellation))!.NextInterval;
        clock.Advance(TimeSpan.FromHours(2));
        await services.GetRequiredService<RetentionWorker>().PruneAsync(Cancellation);

        var runs = services.GetRequiredService<DagRuns>();
        Assert.DoesNotContain((await runs.ListRunsAsync(new DagRunQuery { DagId = "d" }, Cancellation)).Items, run => run.State.IsFinished());
        Assert.Equal(0, services.GetRequiredService<MetadataDatabase>().Read(session => session.Scalar<long>("SELECT COUNT(*) FROM xcom")));
        Assert.Equal(next, (await runs.FindDagAsync("d", Cancellation))!.NextInterval);
    }

    /// <summary>The database keeps the count itself; nothing that is written past the code makes it wrong.</summary>
    [Fact]
    public async Task Count_OfTaskInstances_IsThatOfTheRowsWhateverIsWritten()
    {
        await using var kit = new SchedulingKit(backend);
        var dag = new DagBuilder("d").Add(Nothing("a")).Add(Nothing("b")).Add(Nothing("c")).Build();
        var other = new DagBuilder("other").Add(Nothing("a")).Build();
        var services = kit.Build([dag, other]).Services;
        await PrepareAsync(services);
        var database = services.GetRequiredService<MetadataDatabase>();
        var runs = services.GetRequiredService<DagRuns>();
        for (var i = 0; i < 3; i++)
        {
            await services.GetRequiredService<DagTester>().RunAsync("d", new TriggerRequest { RunId = $"r{i}" }, Me, Cancellation);
        }

        await services.GetRequiredService<DagTester>().RunAsync("other", new TriggerRequest { RunId = "r0" }, Me, Cancellation);
        await services.GetRequiredService<DagOperations>().TriggerAsync("d", new TriggerRequest { RunId = "queued" }, Me, Cancellation);
        await IsRightAsync(10);

        await services.GetRequiredService<DagOperations>().DeleteRunAsync("d", "r0", Me, Cancellation);
        await IsRightAsync(7);
        await database.WriteAsync(session => session.Execute("DELETE FROM task_instance WHERE task_id = 'a'"), Cancellation);
        await IsRightAsync(4);
        await database.WriteAsync(
            session => session.Execute("INSERT INTO task_instance (dag_id, run_id, task_id, state, try_number, max_tries) SELECT dag_id, run_id, 'new', 'none', 0, 0 FROM dag_run"), Cancellation);
        await IsRightAsync(8);
        await database.WriteAsync(session => session.Execute("DELETE FROM dag_run WHERE dag_id = 'd'"), Cancellation);
        await IsRightAsync(1);

        async Task IsRightAsync(long expected)
        {
            Assert.Equal(0, database.Read(CountsThatAreWrong));
            Assert.Equal(expected, (await runs.ListTaskInstancesAsync(new TaskInstanceQuery { Limit = 1 }, Cancellation)).Total);
            var ofOne = await runs.ListTaskInstancesAsync(new TaskInstanceQuery { DagId = "d", RunIdPattern = "r%", RunAfter = new TimeRange(DateTimeOffset.UnixEpoch, null) }, Cancellation);
            Assert.Equal(ofOne.Items.Count, ofOne.Total);
        }
    }

    [Fact]
    public async Task ListTaskInstances_PageByPage_GivesEachOnce()
    {
        await using var kit = new SchedulingKit(backend);
        var dag = new DagBuilder("d").Add(Nothing("a")).Add(Nothing("b")).Add(Nothing("c")).Build();
        var services = kit.Build([dag]).Services;
        await PrepareAsync(services);
        for (var i = 0; i < 3; i++)
        {
            await services.GetRequiredService<DagTester>().RunAsync("d", new TriggerRequest { RunId = $"r{i}" }, Me, Cancellation);
        }

        foreach (var query in new[] { new TaskInstanceQuery(), new() { OrderBy = "-task_id,run_after" }, new() { VersionNumbers = [1, 7], States = [TaskInstanceState.Success] } })
        {
            var found = new List<string>();
            for (var offset = 0; offset < 10; offset += 2)
            {
                var page = await services.GetRequiredService<DagRuns>().ListTaskInstancesAsync(query with { Limit = 2, Offset = offset }, Cancellation);
                Assert.Equal(9, page.Total);
                found.AddRange(page.Items.Select(task => $"{task.RunId} {task.TaskId}"));
            }

            var all = from run in new[] { "r0", "r1", "r2" } from task in new[] { "a", "b", "c" } select (run, task);
            Assert.Equal((query.OrderBy == "id" ? all : all.OrderByDescending(key => key.task).ThenBy(key => key.run)).Select(key => $"{key.run} {key.task}"), found);
        }

        var none = await services.GetRequiredService<DagRuns>().ListTaskInstancesAsync(new TaskInstanceQuery { VersionNumbers = [2] }, Cancellation);
        Assert.Equal((0, 0L), (none.Items.Count, none.Total));
        Assert.Equal(3, (await services.GetRequiredService<DagRuns>().ListRunsAsync(new DagRunQuery { VersionNumbers = [1] }, Cancellation)).Total);
        Assert.Equal(0, (await services.GetRequiredService<DagRuns>().ListRunsAsync(new DagRunQuery { VersionNumbers = [2] }, Cancellation)).Total);
    }

    /// <summary>Runs whose count of task instances is not that of their rows.</summary>
    internal static long CountsThatAreWrong(MetadataSession session) => session.Scalar<long>(
        "SELECT COUNT(*) FROM dag_run r WHERE r.task_instance_count <> (SELECT COUNT(*) FROM task_instance t WHERE t.dag_id = r.dag_id AND t.run_id = r.run_id)");

    private static async Task<MetadataDatabase> MigrateAsync(SchedulingKit kit)
    {
        var services = kit.Build([Empty]).Services;
        await PrepareAsync(services);
        return services.GetRequiredService<MetadataDatabase>();
    }

    private static async Task PrepareAsync(IServiceProvider services)
    {
        await services.GetRequiredService<MetadataDatabase>().MigrateAsync(Cancellation);
        await services.GetRequiredService<DagVersions>().SaveAsync(services.GetRequiredService<MetadataDatabase>(), Cancellation);
    }

    /// <summary>One task instance in a state, by legal steps.</summary>
    private static Task<int> ResetAsync(MetadataDatabase database, TaskInstanceState state) => database.WriteAsync(
        session =>
        {
            session.Execute("DELETE FROM task_instance");
            session.Execute("INSERT INTO task_instance (dag_id, run_id, task_id, state, try_number, max_tries) SELECT dag_id, run_id, 'a', 'none', 0, 0 FROM dag_run");
            TaskInstanceState[] path = state switch
            {
                TaskInstanceState.None => [],
                TaskInstanceState.UpForRetry => [TaskInstanceState.Running, state],
                _ => [state],
            };
            return path.Sum(step => session.Execute("UPDATE task_instance SET state = @step", new { step = step.ToWireName() }));
        },
        Cancellation);
}

public sealed class SqliteStoreConformanceTests() : StoreConformanceTests(Backend.Sqlite);

public sealed class PostgresStoreConformanceTests() : StoreConformanceTests(Backend.Postgres);
