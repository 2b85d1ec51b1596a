using System.Text.Json;
using Pipeline.Standalone.Live;

namespace Pipeline.Standalone.Bench;

/// <summary>Measures this machine. What allocates, per step, is measured by tests/Pipeline.Benchmarks.</summary>
internal static class BenchCommand
{
    private const string Cassandra = "ConnectionStrings:cassandra";
    private const string KafkaWindows = "kafka-windows";

    private static readonly string[] Here = ["core-windows", "core-sessions", "embedded", "log-append", "log-read", "start", "scale", "restore", "idle"];

    private static readonly string[] WithCassandra = ["kafka-cassandra", "kafka-cassandra-seed", "catch-up", "latency"];

    /// <summary>What needs brokers.</summary>
    public static readonly string[] WithKafka = [KafkaWindows, .. WithCassandra];

    /// <summary>What can be measured; the last ones need servers, so they are measured only when they are named.</summary>
    public static readonly string[] Names = [.. Here, .. WithKafka];

    public static async Task<int> RunAsync(IReadOnlyList<string> names, BenchSettings bench, HostSettings settings, CancellationToken cancellationToken)
    {
        if (names.Intersect(WithKafka).FirstOrDefault() is { } one && bench.Kafka is null)
        {
            await Console.Error.WriteLineAsync($"{one} needs brokers: --kafka HOST:PORT.");
            return ExitCode.Usage;
        }

        if (names.Intersect(WithCassandra).FirstOrDefault() is { } other && !settings.Configuration.Any(IsCassandra))
        {
            await Console.Error.WriteLineAsync($"{other} needs Cassandra: --{Cassandra}=HOST:PORT.");
            return ExitCode.Usage;
        }

        if (names.Count == 1 && (BenchProcess.IsLikeService || !WithCassandra.Contains(names[0])))
        {
            Print(names[0], await MeasureAsync(names[0], bench, settings, cancellationToken), settings.Output);
            return ExitCode.Ok;
        }

        foreach (var name in names.Count == 0 ? Here : names)
        {
            // A process each: the memory and the compiled code of one must not count for the next.
            Print(name, await BenchProcess.RunAsync(name, bench, likeService: WithCassandra.Contains(name), settings.Configuration, cancellationToken), settings.Output);
        }

        return ExitCode.Ok;
    }

    private static async Task<Figures> MeasureAsync(string name, BenchSettings bench, HostSettings settings, CancellationToken cancellationToken) => name switch
    {
        "core-windows" => await CoreBench.WindowsAsync(bench.Events, settings, cancellationToken),
        "core-sessions" => await CoreBench.SessionsAsync(bench.Events, settings, cancellationToken),
        "embedded" => await EmbeddedBench.RunAsync(bench.Events, settings, cancellationToken),
        "log-append" => await LogBench.AppendAsync(bench, cancellationToken),
        "log-read" => await LogBench.ReadAsync(bench, cancellationToken),
        "start" => await StartBench.RunAsync(bench.Events, cancellationToken),
        "scale" => await ScaleBench.RunAsync(bench.Events, cancellationToken),
        "restore" => await RestoreBench.RunAsync(bench.Events, settings, cancellationToken),
        "idle" => await IdleBench.RunAsync(settings, cancellationToken),
        KafkaWindows => await KafkaWindowsBench.RunAsync(bench.Kafka!, bench.Events, settings, cancellationToken),
        "kafka-cassandra" => await KafkaCassandraBench.BacklogAsync(name, seedTable: false, bench, settings, cancellationToken),
        "kafka-cassandra-seed" => await KafkaCassandraBench.BacklogAsync(name, seedTable: true, bench, settings, cancellationToken),
        "catch-up" => await KafkaCassandraBench.CatchUpAsync(name, bench, settings, cancellationToken),
        "latency" => await KafkaCassandraBench.LatencyAsync(name, bench, settings, cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such measurement"),
    };

    private static bool IsCassandra(string setting) => setting.StartsWith($"--{Cassandra}=", StringComparison.OrdinalIgnoreCase);

    private static void Print(string name, Figures figures, OutputMode output)
        => Console.Out.WriteLine(output == OutputMode.Json
            ? JsonSerializer.Serialize(figures)
            : $"{name}: {string.Join(", ", figures.Where(f => f.Key != "name").Select(f => $"{f.Key} {f.Value}"))}");
}

/// <param name="Events">How many events, or keys of state.</param>
/// <param name="Member">The log that another process of the same measurement made, when this is the second one.</param>
/// <param name="Rate">Events a second of a steady load.</param>
/// <param name="Kafka">Brokers and topic for the measurements that need them.</param>
internal sealed record BenchSettings(int Events, string? Member, int Rate, KafkaBenchSettings? Kafka);
