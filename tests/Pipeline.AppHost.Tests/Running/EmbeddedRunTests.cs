using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Pipeline.AppHost.Commands;
using Pipeline.Testing;

namespace Pipeline.AppHost.Tests.Running;

/// <summary>Without containers and without servers: all services in one process, started once for these tests.</summary>
public sealed class EmbeddedRunTests(EmbeddedRunTests.Run run) : IClassFixture<EmbeddedRunTests.Run>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_ProjectsOnly_EventsFlowFromSourceToStore() =>
        await Eventually.TrueAsync(async () => await StoredAsync() > 0, RunningAppHost.Limit);

    [Fact]
    public async Task Burst_OnTheDashboard_GoesThroughTheLogToTheStore()
    {
        var before = await StoredAsync();

        await run.AppHost.ExecuteAsync("pipeline", "burst");

        await Eventually.TrueAsync(async () => await StoredAsync() >= before + PipelineCommands.Burst, RunningAppHost.Limit);
    }

    [Fact]
    public async Task Pause_OnTheDashboard_PausesTheDagAndUnpauseEndsIt()
    {
        await run.AppHost.ExecuteAsync("pipeline", "pause");
        Assert.True(await IsPausedAsync());

        await run.AppHost.ExecuteAsync("pipeline", "unpause");
        Assert.False(await IsPausedAsync());
    }

    [Fact]
    public async Task Fetch_OnTheDashboard_StartsARunOutsideTheSchedule()
    {
        await run.AppHost.ExecuteAsync("pipeline", "fetch");

        var runs = await run.Client.GetFromJsonAsync<JsonElement>("/api/v2/dags/kafka_stream/dagRuns?run_type=manual", Token);
        Assert.NotEqual(0, runs.GetProperty("total_entries").GetInt32());
    }

    [Fact]
    public async Task PauseProcessing_OnTheDashboard_LetsTheLogFillUntilItGoesOn()
    {
        await run.AppHost.ExecuteAsync("pipeline", "pause-processing");
        var before = await StoredAsync();
        await run.AppHost.ExecuteAsync("pipeline", "burst");
        Assert.Equal(before, await StoredAsync());

        await run.AppHost.ExecuteAsync("pipeline", "resume-processing");
        await Eventually.TrueAsync(async () => await StoredAsync() >= before + PipelineCommands.Burst, RunningAppHost.Limit);
    }

    [Fact]
    public async Task ResetResults_OnTheDashboard_LeavesNoneUntilProcessingGoesOn()
    {
        await run.AppHost.ExecuteAsync("pipeline", "burst");

        await run.AppHost.ExecuteAsync("pipeline", "reset-processing");
        Assert.Equal(0, await StoredAsync());
        Assert.Equal(0, (await run.Client.GetFromJsonAsync<JsonElement>("/api/events", Token)).GetProperty("items").GetArrayLength());

        await run.AppHost.ExecuteAsync("pipeline", "resume-processing");
        await Eventually.TrueAsync(async () => await StoredAsync() >= PipelineCommands.Burst, RunningAppHost.Limit);
    }

    [Fact]
    public async Task ReplayTheLog_OnTheDashboard_DerivesTheResultsAgain()
    {
        await run.AppHost.ExecuteAsync("pipeline", "burst");
        await run.AppHost.ExecuteAsync("pipeline", "reset-processing");
        Assert.Equal(0, await StoredAsync());

        await run.AppHost.ExecuteAsync("pipeline", "replay-processing");

        await Eventually.TrueAsync(async () => await StoredAsync() >= PipelineCommands.Burst, RunningAppHost.Limit);
    }

    [Fact]
    public async Task Restart_OnTheDashboard_StartsTheProgramAgainAndItGoesOn()
    {
        var before = await StoredAsync();
        var first = await ProcessIdAsync(pid => pid is not null);

        await run.AppHost.ExecuteAsync("pipeline", KnownResourceCommands.RestartCommand);

        await ProcessIdAsync(pid => pid is not null && pid != first);
        await Eventually.TrueAsync(IsHealthyAsync, RunningAppHost.Limit);
        await run.AppHost.ExecuteAsync("pipeline", "burst");
        await Eventually.TrueAsync(async () => await StoredAsync() >= before + PipelineCommands.Burst, RunningAppHost.Limit);
    }

    // Asked of the program itself: what the orchestrator knows may be of the one before.
    private async Task<bool> IsHealthyAsync()
    {
        try
        {
            using var response = await run.Client.GetAsync("/health", Token);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<string?> ProcessIdAsync(Func<string?, bool> isIt)
    {
        string? id = null;
        await run.AppHost.App.ResourceNotifications.WaitForResourceAsync(
            "pipeline",
            change => isIt(id = change.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value?.ToString()),
            Token).WaitAsync(RunningAppHost.Limit, Token);
        return id;
    }

    private async Task<long> StoredAsync() =>
        (await run.Client.GetFromJsonAsync<JsonElement>("/api/status", Token)).GetProperty("totals").GetProperty("stored").GetInt64();

    private async Task<bool> IsPausedAsync() =>
        (await run.Client.GetFromJsonAsync<JsonElement>("/api/v2/dags/kafka_stream", Token)).GetProperty("is_paused").GetBoolean();

    public sealed class Run : IAsyncLifetime
    {
        public RunningAppHost AppHost { get; private set; } = null!;

        public HttpClient Client { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            AppHost = await RunningAppHost.StartAsync(["--profile", "embedded", .. Model.AppHostModel.NoServers], ["pipeline"]);
            Client = AppHost.App.CreateHttpClient("pipeline", "http");
        }

        public async ValueTask DisposeAsync()
        {
            Client?.Dispose();
            if (AppHost is not null)
            {
                await AppHost.DisposeAsync();
            }
        }
    }
}
