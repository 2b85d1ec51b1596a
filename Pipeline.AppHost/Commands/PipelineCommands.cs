using System.Globalization;
using System.Net.Mime;
using System.Text;

namespace Pipeline.AppHost.Commands;

/// <summary>What can be asked of a service on the Aspire dashboard: calls of its own API.</summary>
internal static class PipelineCommands
{
    /// <summary>Events of one press of the button.</summary>
    public const int Burst = 1000;

    private const string Dag = "/api/v2/dags/kafka_stream";
    private const string Http = "http";
    private static readonly string[] EventTypes = ["login", "view", "update", "logout"];

    /// <summary>A burst of user activity through <c>POST /api/events</c>.</summary>
    public static IResourceBuilder<ProjectResource> WithBurstCommand(this IResourceBuilder<ProjectResource> service) =>
        service.WithHttpCommand("/api/events", $"Produce {Burst} events", Http, "burst", new HttpCommandOptions
        {
            Description = "Activity of made-up users, through the API and the log.",
            IconName = "Flash",
            Method = HttpMethod.Post,
            PrepareRequest = context => Send(context, BurstLines(), "application/x-ndjson"),
        });

    /// <summary>The DAG that fetches users: a run at once, pause, go on.</summary>
    public static IResourceBuilder<ProjectResource> WithDagCommands(this IResourceBuilder<ProjectResource> service) => service
        .WithHttpCommand($"{Dag}/dagRuns", "Fetch users now", Http, "fetch", new HttpCommandOptions
        {
            Description = "A run of the DAG kafka_stream outside its schedule.",
            IconName = "ArrowDownload",
            IsHighlighted = true,
            Method = HttpMethod.Post,
            PrepareRequest = context => Send(context, """{"logical_date": null}""", MediaTypeNames.Application.Json),
        })
        .WithPauseCommand("Pause fetching", "pause", "Pause", isPaused: true)
        .WithPauseCommand("Go on fetching", "unpause", "Play", isPaused: false);

    /// <summary>The processor: pause, go on, and its results made anew from the log.</summary>
    public static IResourceBuilder<ProjectResource> WithProcessorCommands(this IResourceBuilder<ProjectResource> service) => service
        .WithProcessorCommand("pause", "Pause processing", new() { Description = "What was read is written; the log goes on filling.", IconName = "Pause" })
        .WithProcessorCommand("resume", "Go on processing", new() { Description = "From where it was.", IconName = "Play" })
        .WithProcessorCommand("replay", "Replay the log", new()
        {
            Description = "Forgets the results and derives them from the log again.",
            IconName = "ArrowCounterclockwise",
            ConfirmationMessage = "Forget the results and derive them from the log again? What the log no longer holds stays.",
        })
        .WithProcessorCommand("reset", "Reset results", new()
        {
            Description = "Pauses and forgets the results; \"Go on processing\" derives them from the log again.",
            IconName = "Eraser",
            ConfirmationMessage = "Pause processing and forget the results that the log can give again?",
        });

    /// <summary>Faults of the data source: half its calls fail, or none.</summary>
    public static IResourceBuilder<ProjectResource> WithFaultCommands(this IResourceBuilder<ProjectResource> simulator) => !simulator.ApplicationBuilder.ExecutionContext.IsRunMode ? simulator : simulator
        .WithEnvironment("Simulator__Faults__AllowSwitches", "true")
        .WithHttpCommand("/_faults", "Let half the calls fail", Http, "break", new HttpCommandOptions
        {
            Description = "Status 500, broken JSON, dropped connections: the DAG retries.",
            IconName = "PlugDisconnected",
            Method = HttpMethod.Post,
            PrepareRequest = context => Send(context, """{"rate": 0.5}""", MediaTypeNames.Application.Json),
        })
        .WithHttpCommand("/_faults", "Let all calls succeed", Http, "mend", new HttpCommandOptions { IconName = "PlugConnected", Method = HttpMethod.Delete });

    /// <summary>One event a line; each press has its own users and times.</summary>
    internal static string BurstLines()
    {
        var lines = new StringBuilder();
        for (var i = 0; i < Burst; i++)
        {
            lines.AppendLine(CultureInfo.InvariantCulture, $$"""{"user_id":"{{Guid.NewGuid()}}","event_type":"{{EventTypes[i % EventTypes.Length]}}"}""");
        }

        return lines.ToString();
    }

    private static IResourceBuilder<ProjectResource> WithProcessorCommand(
        this IResourceBuilder<ProjectResource> service, string action, string displayName, HttpCommandOptions options)
    {
        options.Method = HttpMethod.Post;
        return service.WithHttpCommand($"/api/processor/{action}", displayName, Http, $"{action}-processing", options);
    }

    private static IResourceBuilder<ProjectResource> WithPauseCommand(
        this IResourceBuilder<ProjectResource> service, string displayName, string name, string icon, bool isPaused) =>
        service.WithHttpCommand(Dag, displayName, Http, name, new HttpCommandOptions
        {
            IconName = icon,
            Method = HttpMethod.Patch,
            PrepareRequest = context => Send(context, isPaused ? """{"is_paused": true}""" : """{"is_paused": false}""", MediaTypeNames.Application.Json),
        });

    private static Task Send(HttpCommandRequestContext context, string body, string mediaType)
    {
        context.Request.Content = new StringContent(body, Encoding.UTF8, mediaType);
        return Task.CompletedTask;
    }
}
