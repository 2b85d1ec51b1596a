using System.Text.Json;
using Pipeline.Standalone.Live;

namespace Pipeline.Standalone.Bench;

/// <summary>Measures the whole on this machine; the parts are measured by tests/Pipeline.Benchmarks.</summary>
internal static class BenchCommand
{
    public const string KafkaWindows = "kafka-windows";

    private static readonly string[] Here = ["embedded", "start"];

    /// <summary>What can be measured; the last ones need servers, so they are measured only when they are named.</summary>
    public static readonly string[] Names = [.. Here, KafkaWindows];

    /// <param name="kafka">Brokers and topic for the measurements that need them.</param>
    public static async Task<int> RunAsync(IReadOnlyList<string> names, int events, KafkaBenchSettings? kafka, HostSettings settings, CancellationToken cancellationToken)
    {
        if (names.Contains(KafkaWindows) && kafka is null)
        {
            await Console.Error.WriteLineAsync($"{KafkaWindows} needs brokers: --kafka HOST:PORT.");
            return ExitCode.Usage;
        }

        foreach (var name in names.Count == 0 ? Here : names)
        {
            var figures = name switch
            {
                KafkaWindows => await KafkaWindowsBench.RunAsync(kafka!, settings, cancellationToken),
                "embedded" => await EmbeddedBench.RunAsync(events, settings, cancellationToken),
                _ => await StartBench.RunAsync(cancellationToken),
            };
            Console.Out.WriteLine(settings.Output == OutputMode.Json
                ? JsonSerializer.Serialize(figures)
                : $"{name}: {string.Join(", ", figures.Where(f => f.Key != "name").Select(f => $"{f.Key} {f.Value}"))}");
        }

        return ExitCode.Ok;
    }
}
