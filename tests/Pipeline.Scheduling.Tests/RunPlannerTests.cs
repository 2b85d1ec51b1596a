using CsCheck;
using Pipeline.Scheduling.Execution;

namespace Pipeline.Scheduling.Tests;

public sealed class RunPlannerTests
{
    /// <summary>Any DAG with any rules, whatever its tasks do: something is to do until every task has ended, and each starts only after all it waits for have ended or its rule needs no more.</summary>
    [Fact]
    public void Plan_AnyDagAndOutcomes_AlwaysComesToAnEnd()
        => Gen.Select(Gen.Int[1, 9], Gen.Select(Gen.Int[0, 8], Gen.Int[0, 8]).List[0, 20], Gen.Int[0, 11].Array[9], Gen.Int).Sample((count, pairs, rules, seed) =>
        {
            var random = new Random(seed);
            var builder = new DagBuilder("d");
            for (var i = 0; i < count; i++)
            {
                builder.Add(new DagTask($"t{i}", (_, _) => Task.CompletedTask) { TriggerRule = (TriggerRule)rules[i], Retries = i % 2 });
            }

            foreach (var (from, to) in pairs.Where(pair => pair.Item1 < pair.Item2 && pair.Item2 < count))
            {
                builder.Edge($"t{from}", $"t{to}");
            }

            var dag = builder.Build();
            var tasks = dag.Tasks.ToDictionary(task => task.Id, task => new TaskInstance { DagId = "d", RunId = "r", TaskId = task.Id, MaxTries = task.Retries });
            var active = new HashSet<string>();
            var now = DateTimeOffset.UnixEpoch;
            for (var step = 0; step < 200; step++)
            {
                now = now.AddSeconds(1);
                var plan = RunPlanner.Plan(dag, tasks, active, now);
                foreach (var ending in plan.Endings)
                {
                    tasks[ending.TaskId] = tasks[ending.TaskId].Apply(ending.Happened, now);
                }

                foreach (var task in plan.Ready)
                {
                    Assert.True(dag.Upstream(task.Id).Count == 0 || tasks[task.Id].State != TaskInstanceState.None
                        || TriggerRules.Evaluate(task.TriggerRule, dag.Upstream(task.Id).Select(up => tasks[up].State)) == TaskInstanceEvent.Schedule);
                    active.Add(task.Id);
                }

                if (plan.IsComplete && plan.Endings.Count == 0)
                {
                    Assert.Empty(active);
                    Assert.All(tasks.Values, task => Assert.True(task.State.IsFinished()));
                    return;
                }

                if (active.Count > 0)
                {
                    var taskId = active.OrderBy(_ => random.Next()).First();
                    active.Remove(taskId);
                    tasks[taskId] = End(tasks[taskId], random, now);
                }
            }

            Assert.Fail("The run has not come to an end.");
        }, iter: 2_000);

    [Theory]
    [InlineData(TriggerRule.AllSuccess, "success success", "Schedule")]
    [InlineData(TriggerRule.AllSuccess, "success running", null)]
    [InlineData(TriggerRule.AllSuccess, "failed running", "UpstreamFail")]
    [InlineData(TriggerRule.AllSuccess, "skipped running", "Skip")]
    [InlineData(TriggerRule.AllFailed, "failed upstream_failed", "Schedule")]
    [InlineData(TriggerRule.AllFailed, "failed success", "Skip")]
    [InlineData(TriggerRule.AllDone, "failed running", null)]
    [InlineData(TriggerRule.AllDone, "failed skipped", "Schedule")]
    [InlineData(TriggerRule.AllDoneMinOneSuccess, "failed success", "Schedule")]
    [InlineData(TriggerRule.AllDoneMinOneSuccess, "failed skipped", "UpstreamFail")]
    [InlineData(TriggerRule.AllDoneMinOneSuccess, "skipped skipped", "Skip")]
    [InlineData(TriggerRule.AllSkipped, "skipped skipped", "Schedule")]
    [InlineData(TriggerRule.AllSkipped, "skipped success", "Skip")]
    [InlineData(TriggerRule.OneFailed, "failed running", "Schedule")]
    [InlineData(TriggerRule.OneFailed, "success skipped", "Skip")]
    [InlineData(TriggerRule.OneSuccess, "success running", "Schedule")]
    [InlineData(TriggerRule.OneSuccess, "failed failed", "UpstreamFail")]
    [InlineData(TriggerRule.OneSuccess, "skipped skipped", "Skip")]
    [InlineData(TriggerRule.OneDone, "failed running", "Schedule")]
    [InlineData(TriggerRule.OneDone, "skipped skipped", "Skip")]
    [InlineData(TriggerRule.NoneFailed, "success skipped", "Schedule")]
    [InlineData(TriggerRule.NoneFailed, "failed running", "UpstreamFail")]
    [InlineData(TriggerRule.NoneFailedMinOneSuccess, "success skipped", "Schedule")]
    [InlineData(TriggerRule.NoneFailedMinOneSuccess, "skipped skipped", "Skip")]
    [InlineData(TriggerRule.NoneSkipped, "success failed", "Schedule")]
    [InlineData(TriggerRule.NoneSkipped, "skipped running", "Skip")]
    [InlineData(TriggerRule.Always, "running running", "Schedule")]
    public void TriggerRule_IsAirflows(TriggerRule rule, string upstream, string? expected)
        => Assert.Equal(expected, TriggerRules.Evaluate(rule, upstream.Split(' ').Select(StateNames.ParseTaskInstanceState))?.ToString());

    [Fact]
    public void Plan_ReadyTasks_HeaviestFirst()
    {
        var dag = new DagBuilder("d")
            .Add(new DagTask("light", (_, _) => Task.CompletedTask))
            .Add(new DagTask("long", (_, _) => Task.CompletedTask))
            .Add(new DagTask("after", (_, _) => Task.CompletedTask))
            .Add(new DagTask("heavy", (_, _) => Task.CompletedTask) { PriorityWeight = 9, WeightRule = WeightRule.Absolute })
            .Edge("long", "after").Build();
        var tasks = dag.Tasks.ToDictionary(task => task.Id, task => new TaskInstance { DagId = "d", RunId = "r", TaskId = task.Id, MaxTries = 0 });

        Assert.Equal(["heavy", "long", "light"], RunPlanner.Plan(dag, tasks, new HashSet<string>(), DateTimeOffset.UnixEpoch).Ready.Select(task => task.Id));
    }

    [Fact]
    public void Bind_VersionWithATaskThatTheCodeHasNoMore_KeepsTheOthersAndTheirEdges()
    {
        var old = new DagBuilder("d").Add(Nothing("a")).Add(Nothing("b")).Add(Nothing("c")).Chain("a", "b", "c").Build();
        var code = new DagBuilder("d").Add(Nothing("a")).Add(Nothing("c")).Add(Nothing("x")).Chain("a", "x").Build();

        var bound = DagStructure.Parse(old.Structure.Json).Bind(code);

        Assert.Equal(["a", "c"], bound.Tasks.Select(task => task.Id));
        Assert.Empty(bound.Upstream("c"));
        Assert.Equal(["a", "b", "c"], DagStructure.Parse(old.Structure.Json).ToDag("d").Tasks.Select(task => task.Id));
        Assert.NotEqual(old.Structure.Hash, code.Structure.Hash);

        static DagTask Nothing(string id) => new(id, (_, _) => Task.CompletedTask);
    }

    private static TaskInstance End(TaskInstance current, Random random, DateTimeOffset now)
    {
        var next = current.State is TaskInstanceState.None or TaskInstanceState.UpForRetry ? current.Apply(TaskInstanceEvent.Schedule, now) : current;
        next = next.Apply(TaskInstanceEvent.Queue, now).Apply(TaskInstanceEvent.Start, now);
        return random.Next(3) switch
        {
            0 => next.Apply(TaskInstanceEvent.Succeed, now),
            1 when next.HasTriesLeft => next.Apply(TaskInstanceEvent.Retry, now) with { NextRetryAt = now.AddSeconds(2) },
            1 => next.Apply(TaskInstanceEvent.Fail, now),
            _ => next.Apply(TaskInstanceEvent.Skip, now),
        };
    }
}
