using System.Text.Json;
using Pipeline.Standalone.Live;

namespace Pipeline.Standalone.Bench;

/// <summary>Measures the whole on this machine; the parts are measured by tests/Pipeline.Benchmarks.</summary>
internal static class BenchCommand
{
    public static readonly string[] Names = ["embedded", "start"];

    public static async Task<int> RunAsync(IReadOnlyList<string> names, int events, HostSettings settings, CancellationToken cancellationToken)
    {
        foreach (var name in names.Count == 0 ? Names : names)
        {
            var figures = name switch
            {
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
