using System.Globalization;
using System.Text.Json;
using Pipeline.Processor;
using Pipeline.Sqlite;
using Pipeline.Standalone.Live;
using Spectre.Console;

namespace Pipeline.Standalone;

/// <summary>Rebuilds the results from the log, with nobody else at work on them.</summary>
internal static class ReplayCommand
{
    public static async Task<int> RunAsync(HostSettings settings, bool endOfInput, CancellationToken cancellationToken)
    {
        var builder = PipelineApplication.CreateBuilder(settings, out var errors);
        builder.AddResultReplay();
        await using var app = builder.Build();
        PipelineApplication.Check(app, errors);
        var directory = app.Services.GetRequiredService<DataDirectory>();
        directory.EnsureWritable();
        using var ownership = directory.LockExclusive();
        await app.Services.GetRequiredService<Storage.IResultStore>().InitializeAsync(cancellationToken);

        var clock = app.Services.GetRequiredService<TimeProvider>();
        var started = clock.GetTimestamp();
        var replay = app.Services.GetRequiredService<ResultReplay>();
        var result = settings.Output == OutputMode.Json
            ? await replay.RunAsync(endOfInput, null, cancellationToken)
            : await WithProgressAsync(replay, endOfInput, cancellationToken);
        var seconds = clock.GetElapsedTime(started).TotalSeconds;
        Console.Out.WriteLine(settings.Output == OutputMode.Json
            ? JsonSerializer.Serialize(new { partitions = result.Partitions, records = result.Records, seconds })
            : string.Create(CultureInfo.InvariantCulture, $"Rebuilt from {result.Records:N0} records of {result.Partitions} partitions in {seconds:0.0} s."));
        return ExitCode.Ok;
    }

    private static Task<ReplayResult> WithProgressAsync(ResultReplay replay, bool endOfInput, CancellationToken cancellationToken)
        => Terminal.Open().Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask("Rebuilding results");
                var progress = new SynchronousProgress(p => bar.Value = p.Total == 0 ? 100 : 100.0 * p.Done / p.Total);
                var result = await replay.RunAsync(endOfInput, progress, cancellationToken);
                bar.Value = 100;
                return result;
            });

    /// <summary>Reports at once and in order; the framework's own one hands reports to the thread pool.</summary>
    private sealed class SynchronousProgress(Action<ReplayProgress> report) : IProgress<ReplayProgress>
    {
        public void Report(ReplayProgress value) => report(value);
    }
}
