using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Pipeline.Standalone.Bench;

/// <summary>This program once more, as another process.</summary>
internal static class BenchProcess
{
    public static Process Start(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var self = typeof(BenchProcess).Assembly.Location;
        foreach (var argument in Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? arguments.Prepend(self).Prepend("exec") : arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs one measurement and returns what it printed.</summary>
    public static async Task<Figures> RunAsync(string name, BenchSettings bench, IReadOnlyList<string> configuration, CancellationToken cancellationToken)
    {
        IEnumerable<string> kafka = bench.Kafka is { } brokers ? ["--kafka", brokers.Servers, "--topic", brokers.Topic] : [];
        using var process = Start(["bench", name, "--events", Text(bench.Events), "--rate", Text(bench.Rate), "--json", .. kafka, .. configuration]);
        return await FiguresOfAsync(process, cancellationToken);
    }

    public static async Task<Figures> FiguresOfAsync(Process process, CancellationToken cancellationToken)
    {
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<Figures>(output.TrimEnd().Split('\n')[^1])!
            : throw new InvalidOperationException($"The measuring process ended with {process.ExitCode}: {await errors}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
