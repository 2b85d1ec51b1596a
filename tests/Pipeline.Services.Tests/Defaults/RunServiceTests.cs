using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Pipeline.Services.Tests.Defaults;

/// <summary>The exit code of a service.</summary>
public sealed class RunServiceTests
{
    [Fact]
    public async Task RunServiceAsync_WorkerDies_IsOne()
        => Assert.Equal(1, await RunAsync(new Worker(_ => throw new InvalidOperationException("by the test"))));

    [Fact]
    public async Task RunServiceAsync_AskedToStop_IsZero()
    {
        var code = await RunAsync(lifetime => new Worker(async stopping =>
        {
            lifetime.StopApplication();
            await Task.Delay(Timeout.Infinite, stopping);
        }));

        Assert.Equal(0, code);
    }

    [Fact]
    public async Task RunServiceAsync_AskedToStopWhileItStarts_IsZero()
        => Assert.Equal(0, await RunAsync(lifetime => new EndlessStart(lifetime)));

    private static Task<int> RunAsync(IHostedService service) => RunAsync(_ => service);

    private static async Task<int> RunAsync(Func<IHostApplicationLifetime, IHostedService> service)
    {
        var builder = WebApplication.CreateBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Services.AddSingleton(services => service(services.GetRequiredService<IHostApplicationLifetime>()));
        await using var app = builder.Build();
        return await app.RunServiceAsync();
    }

    private sealed class Worker(Func<CancellationToken, Task> work) : BackgroundService
    {
        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            await Task.Yield();
            await work(stoppingToken);
        }
    }

    private sealed class EndlessStart(IHostApplicationLifetime lifetime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.StopApplication();
            return Task.Delay(Timeout.Infinite, cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
