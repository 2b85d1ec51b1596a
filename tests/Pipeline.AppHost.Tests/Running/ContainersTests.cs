using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.AppHost.Commands;
using Pipeline.Testing;

namespace Pipeline.AppHost.Tests.Running;

/// <summary>
/// The stack in containers. Minutes of work for a machine, so only where <c>PIPELINE_TEST_CONTAINERS</c> asks for it: its value is what the AppHost is
/// given beside <c>--profile full</c>, for what has no image there (<c>--superset false --kafka-ui false</c>).
/// </summary>
public sealed class ContainersTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stack_InContainers_BecomesHealthyAndOutlivesTheDeathOfEachPart()
    {
        var arguments = RequiresServer.ConnectionString("containers").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var volumes = new List<string>();
        try
        {
            await RunAsync(arguments, volumes);
        }
        finally
        {
            if (await ContainerRuntime.FindAsync(new ConfigurationBuilder().AddEnvironmentVariables().Build()) is { } runtime)
            {
                await Task.WhenAll(volumes.Select(volume => ContainerRuntime.RunAsync(runtime, "volume", "rm", volume)));
            }
        }
    }

    private async Task RunAsync(string[] arguments, List<string> volumes)
    {
        var clock = Stopwatch.StartNew();
        await using var running = await RunningAppHost.StartAsync(
            ["--profile", "full", .. Model.AppHostModel.NoServers, .. arguments], [], builder => volumes.AddRange(UseOwnVolumes(builder.Resources)), Limit);
        var parts = running.App.Services.GetRequiredService<DistributedApplicationModel>().Resources
            .Where(resource => resource is ContainerResource or ProjectResource).Select(resource => resource.Name).ToList();
        await HealthyAsync(parts);
        output.WriteLine($"healthy after {clock.Elapsed.TotalSeconds:0} s: {string.Join(", ", parts)}");

        using var dashboard = running.App.CreateHttpClient("dashboard", "http");
        await running.ExecuteAsync("dashboard", "fetch");
        await BurstAsync("the first events");
        foreach (var part in parts.Where(part => part != "dashboard"))
        {
            clock.Restart();
            await running.ExecuteAsync(part, "kill");
            await running.App.ResourceNotifications.WaitForResourceAsync(part, KnownResourceStates.TerminalStates, Token).WaitAsync(Limit, Token);
            await running.ExecuteAsync(part, KnownResourceCommands.StartCommand);
            await HealthyAsync(parts);
            await BurstAsync($"{part} killed and started");
        }

        var totals = await TotalsAsync();
        Assert.Equal(
            totals.GetProperty("consumed").GetInt64(),
            new[] { "stored", "dead_lettered", "late", "duplicate" }.Sum(outcome => totals.GetProperty(outcome).GetInt64()));

        Task HealthyAsync(IEnumerable<string> names) =>
            Task.WhenAll(names.Select(name => running.App.ResourceNotifications.WaitForResourceHealthyAsync(name, Token))).WaitAsync(Limit, Token);

        async Task BurstAsync(string what)
        {
            var before = (await TotalsAsync()).GetProperty("stored").GetInt64();
            await running.ExecuteAsync("ingest", "burst");
            await Eventually.TrueAsync(async () => (await TotalsAsync()).GetProperty("stored").GetInt64() >= before + PipelineCommands.Burst, Limit);
            output.WriteLine($"{what}: stored {clock.Elapsed.TotalSeconds:0} s after it");
        }

        // A store that was away a moment ago may still be refused by its clients for a moment.
        async Task<JsonElement> TotalsAsync()
        {
            JsonElement totals = default;
            await Eventually.TrueAsync(
                async () =>
                {
                    using var response = await dashboard.GetAsync("/api/status", Token);
                    totals = response.IsSuccessStatusCode ? (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("totals") : default;
                    return response.IsSuccessStatusCode;
                },
                Limit);
            return totals;
        }
    }

    // Data of a person's own runs are not touched; a server that is started again finds its data.
    private static IEnumerable<string> UseOwnVolumes(IEnumerable<IResource> resources)
    {
        foreach (var resource in resources.OfType<ContainerResource>())
        {
            foreach (var mount in resource.Annotations.OfType<ContainerMountAnnotation>().Where(mount => mount.Type == ContainerMountType.Volume).ToList())
            {
                var volume = $"pipeline-test-{Guid.NewGuid():N}";
                resource.Annotations.Remove(mount);
                resource.Annotations.Add(new ContainerMountAnnotation(volume, mount.Target, mount.Type, mount.IsReadOnly));
                yield return volume;
            }
        }
    }
}
