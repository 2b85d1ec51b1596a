using Pipeline.Benchmarks.Cassandra;

namespace Pipeline.Benchmarks;

internal static partial class Commands
{
    static partial void AddCassandra(Dictionary<string, Func<string[], Task>> all) => all["cassandra"] = CassandraThroughput.RunAsync;
}
