using System.Net;
using Pipeline.Processor;
using Pipeline.Sqlite;
using Pipeline.Standalone.Client;
using Pipeline.Standalone.Live;

namespace Pipeline.Standalone;

/// <summary>Prints the processing topology: asks the running instance, which knows the figures; when none runs, prints the plan.</summary>
internal static class TopologyCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(HostSettings settings, bool asDot, CancellationToken cancellationToken)
    {
        var format = settings.Output == OutputMode.Json ? "json" : asDot ? "dot" : "text";
        var builder = PipelineApplication.CreateBuilder(settings, out var errors);
        builder.AddResultReplay();
        await using var app = builder.Build();
        PipelineApplication.Check(app, errors);
        var directory = app.Services.GetRequiredService<DataDirectory>();
        if (InstanceFile.Read(directory) is { } instance
            && await AskAsync(instance, PipelineClient.TokenOf(settings, app.Configuration), format, cancellationToken) is { } live)
        {
            Console.Out.WriteLine(live);
            return ExitCode.Ok;
        }

        var plan = ProcessorPlan.Of(app.Services);
        Console.Out.WriteLine(string.Join("\n", plan.Select(topology => asDot ? topology.ToDot() : topology.ToString())));
        return ExitCode.Ok;
    }

    private static async Task<string?> AskAsync(InstanceFile instance, string? token, string format, CancellationToken cancellationToken)
    {
        using var client = new PipelineClient(instance.Url, token, Patience);
        try
        {
            using var response = await client.SendAsync(HttpMethod.Get, $"api/topology?format={format}", body: null, cancellationToken);
            return await response.Content.ReadAsStringAsync(cancellationToken);
        }
        catch (PipelineClientException e) when (e.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden))
        {
            // Killed before it could remove its file, or somebody else has its port by now.
            return null;
        }
    }
}
