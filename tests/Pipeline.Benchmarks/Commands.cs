using Pipeline.Benchmarks.Dashboard;
using Pipeline.Benchmarks.ResultStore;
using Pipeline.Benchmarks.Scheduling;

namespace Pipeline.Benchmarks;

/// <summary>Measurements that run a real component over some seconds and print JSON lines, by the name that is typed.</summary>
internal static partial class Commands
{
    public static Dictionary<string, Func<string[], Task>> All()
    {
        var all = new Dictionary<string, Func<string[], Task>>(StringComparer.Ordinal)
        {
            ["store"] = StoreThroughput.RunAsync,
            ["scheduling"] = SchedulingBench.RunAsync,
            ["viewers"] = ViewersBench.RunAsync,
            ["pages"] = PagesBench.RunAsync,
        };
        AddCassandra(all);
        return all;
    }

    /// <summary>Nothing in a build without the driver.</summary>
    static partial void AddCassandra(Dictionary<string, Func<string[], Task>> all);
}
