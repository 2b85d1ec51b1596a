using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Pipeline.Standalone.Bench;

/// <summary>This program once more, as another process.</summary>
internal static class BenchProcess
{
    /// <summary>What the processor of the full profile is started with (the AppHost): the runtime takes it from the environment only.</summary>
    private const string YoungMemory = "DOTNET_GCgen0size";

    private const string YoungMemoryBytes = "0x4000000";

    /// <summary>Whether this process has the settings of the full profile's processor, or others that somebody chose for it.</summary>
    public static bool IsLikeService => Environment.GetEnvironmentVariable(YoungMemory) is { Length: > 0 };

    public static Process Start(params IEnumerable<string> arguments) => Start(likeService: false, arguments);

    private static Process Start(bool likeService, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var self = typeof(BenchProcess).Assembly.Location;
        foreach (var argument in Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? arguments.Prepend(self).Prepend("exec") : arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (likeService)
        {
            start.Environment.TryAdd(YoungMemory, YoungMemoryBytes);
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs one measurement and returns what it printed.</summary>
    /// <param name="likeService">With the settings of the full profile's processor.</param>
    public static async Task<Figures> RunAsync(string name, BenchSettings bench, bool likeService, IReadOnlyList<string> configuration, CancellationToken cancellationToken)
    {
        IEnumerable<string> kafka = bench.Kafka is { } brokers ? ["--kafka", brokers.Servers, "--topic", brokers.Topic] : [];
        using var process = Start(likeService, ["bench", name, "--events", Text(bench.Events), "--rate", Text(bench.Rate), "--json", .. kafka, .. configuration]);
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
