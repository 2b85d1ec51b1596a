using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using TempDirectory = Pipeline.Testing.TempDirectory;

namespace Pipeline.AppHost.Tests.Running;

/// <summary>The AppHost under the real orchestrator, on a data directory of its own.</summary>
public sealed class RunningAppHost : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly TempDirectory _data;

    private RunningAppHost(DistributedApplication app, TempDirectory data) => (App, _data) = (app, data);

    public DistributedApplication App { get; }

    /// <summary>Starts it and waits until each of the services is healthy.</summary>
    /// <param name="change">Changes what is started.</param>
    public static async Task<RunningAppHost> StartAsync(string[] arguments, string[] services, Action<IDistributedApplicationTestingBuilder>? change = null, TimeSpan? within = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(within ?? Limit);
        var data = new TempDirectory();
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Pipeline_AppHost>([.. arguments, $"--Data:Directory={data.FullPath}"], limit.Token);
        // The ports that services have for everybody may be taken while tests run.
        foreach (var endpoint in builder.Resources.SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>()))
        {
            (endpoint.Port, endpoint.IsProxied) = (null, true);
        }

        change?.Invoke(builder);
        var running = new RunningAppHost(await builder.BuildAsync(limit.Token), data);
        try
        {
            await running.App.StartAsync(limit.Token);
            await Task.WhenAll(services.Select(service => running.App.ResourceNotifications.WaitForResourceHealthyAsync(service, limit.Token)));
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    /// <summary>Does what a press on the dashboard does.</summary>
    public async Task ExecuteAsync(string resource, string command)
    {
        var result = await App.ResourceCommands.ExecuteCommandAsync(resource, command, TestContext.Current.CancellationToken);
        Assert.True(result.Success, result.Message);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        _data.Dispose();
    }
}
