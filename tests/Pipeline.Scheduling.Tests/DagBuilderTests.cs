using CsCheck;

namespace Pipeline.Scheduling.Tests;

public sealed class DagBuilderTests
{
    private static DagTask Task(string id) => new(id, (_, _) => System.Threading.Tasks.Task.CompletedTask);

    [Fact]
    public void Build_Chain_OrdersTasksAndFindsTheLeaf()
    {
        var dag = new DagBuilder("d").Add(Task("c")).Add(Task("a")).Add(Task("b")).Chain("a", "b", "c").Build();

        Assert.Equal(["a", "b", "c"], dag.Tasks.Select(task => task.Id));
        Assert.Equal(["c"], dag.Leaves);
        Assert.Equal(["b"], dag.Upstream("c"));
    }

    [Fact]
    public void Build_Cycle_NamesOnlyTheTasksInIt()
    {
        var builder = new DagBuilder("d");
        foreach (var id in new[] { "start", "a", "b", "c", "end" })
        {
            builder.Add(Task(id));
        }

        var error = Assert.Throws<DagException>(() => builder.Chain("start", "a", "b", "c", "end").Edge("c", "a").Build());

        Assert.Equal("The tasks 'a', 'b', 'c' wait for each other (a cycle).", Assert.Single(error.Errors));
    }

    [Fact]
    public void Build_ManyFaults_ReportsAllAtOnce()
    {
        var builder = new DagBuilder("no good") { Catchup = true, MaxActiveRuns = 0 }
            .Add(Task("a"))
            .Add(Task("a"))
            .Add(new DagTask("b/c", (_, _) => System.Threading.Tasks.Task.CompletedTask) { Retries = -1, Timeout = TimeSpan.Zero })
            .Edge("a", "z");

        var error = Assert.Throws<DagException>(builder.Build);

        Assert.Collection(
            error.Errors,
            e => Assert.Contains("DAG id 'no good'", e, StringComparison.Ordinal),
            e => Assert.Contains("MaxActiveRuns must be at least 1; it is 0", e, StringComparison.Ordinal),
            e => Assert.Contains("Catchup needs a StartDate", e, StringComparison.Ordinal),
            e => Assert.Contains("'a' is used 2 times", e, StringComparison.Ordinal),
            e => Assert.Contains("'b/c'", e, StringComparison.Ordinal),
            e => Assert.Contains("Retries must not be negative; it is -1", e, StringComparison.Ordinal),
            e => Assert.Contains("Timeout must be more than zero", e, StringComparison.Ordinal),
            e => Assert.Contains("unknown task 'z'", e, StringComparison.Ordinal));
    }

    [Fact]
    public void Build_AnyAcyclicEdges_EveryTaskComesAfterItsUpstream()
        => Gen.Select(Gen.Int[1, 12], Gen.Select(Gen.Int[0, 11], Gen.Int[0, 11]).List[0, 30], Gen.Int)
            .Sample((count, pairs, seed) =>
            {
                // Edges go from a smaller to a larger number, so there is no cycle; the tasks are added in any order.
                var ids = Enumerable.Range(0, count).OrderBy(i => HashCode.Combine(i, seed)).ToList();
                var builder = new DagBuilder("d");
                ids.ForEach(i => builder.Add(Task($"t{i}")));
                foreach (var (from, to) in pairs.Where(pair => pair.Item1 < pair.Item2 && pair.Item2 < count))
                {
                    builder.Edge($"t{from}", $"t{to}");
                }

                var dag = builder.Build();

                var order = dag.Tasks.Select(task => task.Id).ToList();
                return order.Count == count && dag.Tasks.All(task => dag.Upstream(task.Id).All(up => order.IndexOf(up) < order.IndexOf(task.Id)));
            });
}
