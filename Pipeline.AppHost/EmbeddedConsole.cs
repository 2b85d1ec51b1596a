using System.Globalization;
using Microsoft.Extensions.Hosting;

namespace Pipeline.AppHost;

/// <summary>
/// Embedded, the one process is the whole application: what it says is shown here as it is without the orchestrator, and when it ends by
/// itself the command ends with its exit code.
/// </summary>
internal sealed class EmbeddedConsole(
    DistributedApplicationModel model,
    ResourceLoggerService logs,
    ResourceNotificationService notifications,
    IHostApplicationLifetime lifetime) : BackgroundService
{
    public const string ResourceName = "pipeline";

    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    /// <summary>With what exit code the command ends.</summary>
    public int ExitCode { get; private set; }

    /// <summary>A line of a resource's log without the time that the orchestrator puts before it.</summary>
    internal static string WithoutTimestamp(string line)
    {
        var end = line.IndexOf(' ', StringComparison.Ordinal);
        var first = end < 0 ? line : line[..end];
        return first.Contains('T', StringComparison.Ordinal)
            && DateTimeOffset.TryParse(first, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _) ? line[(first.Length + (end < 0 ? 0 : 1))..] : line;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pipeline = model.Resources.Single(resource => resource.Name == ResourceName);
        var showing = ShowAsync(pipeline, stoppingToken);
        var ended = await notifications.WaitForResourceAsync(ResourceName, change => IsFailure(change.Snapshot), stoppingToken);
        await Task.WhenAny(showing, Task.Delay(LastWords, stoppingToken));
        ExitCode = ended.Snapshot.ExitCode is > 0 and var code ? code : 1;
        lifetime.StopApplication();
    }

    // Stopped on the dashboard it ends without a fault, and can be started there again.
    private static bool IsFailure(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text == KnownResourceStates.FailedToStart
        || (KnownResourceStates.TerminalStates.Contains(snapshot.State?.Text) && snapshot.ExitCode is > 0);

    private async Task ShowAsync(IResource pipeline, CancellationToken cancellationToken)
    {
        await foreach (var lines in logs.WatchAsync(pipeline).WithCancellation(cancellationToken))
        {
            // The orchestrator's own remarks are for its dashboard.
            foreach (var line in lines.Where(line => !WithoutTimestamp(line.Content).StartsWith("[sys]", StringComparison.Ordinal)))
            {
                await (line.IsErrorMessage ? Console.Error : Console.Out).WriteLineAsync(WithoutTimestamp(line.Content));
            }
        }
    }
}
