using System.Globalization;
using System.Net;
using System.Text.Json;
using Pipeline.Dashboard.Status;
using Pipeline.Sqlite;
using Pipeline.Standalone.Client;
using Pipeline.Standalone.Live;
using Spectre.Console;

namespace Pipeline.Standalone;

/// <summary>Asks the running instance how it is; when none runs, reads the data directory.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(HostSettings settings)
    {
        var builder = PipelineApplication.CreateBuilder(settings, out var errors);
        PipelineApplication.AddStores(builder);
        builder.AddDashboardStatus();
        await using var app = builder.Build();
        PipelineApplication.Check(app, errors);
        var directory = app.Services.GetRequiredService<DataDirectory>();
        if (InstanceFile.Read(directory) is { } instance && await AskAsync(instance, PipelineClient.TokenOf(settings, app.Configuration), CancellationToken.None) is { } live)
        {
            Show(live, $"Running since {instance.StartedAt:yyyy-MM-dd HH:mm:ss} UTC at {instance.Url}, process {instance.ProcessId}", settings.Output);
            return ExitCode.Ok;
        }

        if (!File.Exists(Path.Combine(directory.FullPath, PipelineApplication.RecordLogFile)))
        {
            await Console.Error.WriteLineAsync($"No instance runs on {directory.FullPath}, and there is no data in it.");
            return ExitCode.Failure;
        }

        using var shared = directory.LockShared();
        var stored = await app.Services.GetRequiredService<StatusReader>().ReadAsync(CancellationToken.None);
        Show(stored, $"Not running; this is what {directory.FullPath} holds", settings.Output);
        return ExitCode.Ok;
    }

    /// <summary>What the instance says; <see langword="null"/> when nobody answers, or somebody else does.</summary>
    /// <exception cref="PipelineClientException">It wants a token, or another one.</exception>
    internal static async Task<StatusReport?> AskAsync(InstanceFile instance, string? token, CancellationToken cancellationToken)
    {
        using var client = new PipelineClient(instance.Url, token, Patience);
        try
        {
            return await client.GetAsync<StatusReport>("api/status", cancellationToken);
        }
        catch (PipelineClientException e) when (e.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden))
        {
            // Killed before it could remove its file, or somebody else has its port by now.
            return null;
        }
    }

    private static void Show(StatusReport status, string headline, OutputMode output)
    {
        if (output == OutputMode.Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(status, PipelineClient.Json));
            return;
        }

        var console = Terminal.Open();
        console.MarkupLineInterpolated($"[bold]{headline}[/]");
        console.WriteLine(LiveFigures.Line(status));
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"watermark {(status.Watermark is { } w ? $"{w:yyyy-MM-dd HH:mm:ss}" : "none yet")} · last stored {(status.Freshness.AgeSeconds is { } age ? $"{age:N1} s ago" : "never")}"));
        console.Write(Partitions(status));
    }

    private static Table Partitions(StatusReport status)
    {
        var table = new Table().RoundedBorder();
        table.AddColumn("topic");
        foreach (var name in new[] { "partition", "start", "end", "committed", "lag", "stored", "dead", "late", "duplicate" })
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        foreach (var t in status.Topics)
        {
            var p = status.Partitions.FirstOrDefault(p => p.Topic == t.Topic && p.Partition == t.Partition);
            table.AddRow(
                t.Topic, Number(t.Partition), Number(t.Start), Number(t.End), Number(t.Committed), Number(t.Committed is null ? null : t.Lag),
                Number(p?.Stored), Number(p?.DeadLettered), Number(p?.Late), Number(p?.Duplicate));
        }

        return table;
    }

    private static string Number(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "–";
}
