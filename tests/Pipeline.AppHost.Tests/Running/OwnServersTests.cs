using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Pipeline.Testing;

namespace Pipeline.AppHost.Tests.Running;

/// <summary>Each service on its own, on servers that are there already; no containers.</summary>
public sealed class OwnServersTests
{
    private static readonly string[] Services = ["simulator", "ingest", "processor", "dashboard"];

    [Fact]
    public async Task Processor_KilledUnderTheRunningAppHost_GoesOnWhereItWasWhenStartedAgain()
    {
        var kafka = RequiresServer.ConnectionString("kafka");
        var postgres = RequiresServer.ConnectionString("postgres");

        await using var running = await RunningAppHost.StartAsync(
            [
                "--profile", "full", "--cassandra", "false",
                $"--ConnectionStrings:kafka={kafka}", $"--ConnectionStrings:postgres={postgres};Database=apphost_{Guid.NewGuid():N}", "--ConnectionStrings:schema-registry=",
            ],
            Services);
        using var dashboard = running.App.CreateHttpClient("dashboard", "http");
        await running.ExecuteAsync("dashboard", "fetch");
        await Eventually.TrueAsync(async () => await StoredAsync(dashboard) > 0, RunningAppHost.Limit);

        await running.ExecuteAsync("processor", "kill");
        await running.App.ResourceNotifications.WaitForResourceAsync("processor", KnownResourceStates.TerminalStates, TestContext.Current.CancellationToken);
        await running.ExecuteAsync("ingest", "burst");
        var before = await StoredAsync(dashboard);
        await running.ExecuteAsync("processor", KnownResourceCommands.StartCommand);

        await Eventually.TrueAsync(async () => await StoredAsync(dashboard) >= before + Commands.PipelineCommands.Burst, RunningAppHost.Limit);
        var totals = await TotalsAsync(dashboard);
        Assert.Equal(
            totals.GetProperty("consumed").GetInt64(),
            new[] { "stored", "dead_lettered", "late", "duplicate" }.Sum(outcome => totals.GetProperty(outcome).GetInt64()));
    }

    private static async Task<JsonElement> TotalsAsync(HttpClient dashboard) =>
        (await dashboard.GetFromJsonAsync<JsonElement>("/api/status", TestContext.Current.CancellationToken)).GetProperty("totals");

    private static async Task<long> StoredAsync(HttpClient dashboard) => (await TotalsAsync(dashboard)).GetProperty("stored").GetInt64();
}
