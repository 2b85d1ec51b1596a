using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Defaults;

/// <summary>What a service answers while it waits for its servers.</summary>
public sealed class EarlyStartTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Service_ThatWaitsForItsServers_IsAliveAndUnhealthyAndRefusesTheRest()
    {
        await using var service = new Waiting();

        await service.ListensAsync();

        Assert.Equal((HttpStatusCode.OK, "self"), await service.HealthAsync("/alive"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "start"), await service.HealthAsync("/health"));
        using var refused = await service.Http.GetAsync("/page", Token);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1)), (refused.StatusCode, refused.Headers.RetryAfter?.Delta));
    }

    [Fact]
    public async Task Service_WhoseServersHaveCome_AnswersOnTheSameAddress()
    {
        await using var service = new Waiting();
        await service.ListensAsync();

        service.Come();
        await service.Started.WaitAsync(Token);

        Assert.Equal(HttpStatusCode.OK, (await service.HealthAsync("/health")).Status);
        Assert.Equal("page", await service.Http.GetStringAsync("/page", Token));
    }

    // A request that began before goes on where it began.
    [Fact]
    public async Task Requests_WhileTheServiceStarts_AreAllAnswered()
    {
        await using var service = new Waiting();
        await service.ListensAsync();

        var asking = Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var after = 0; after < 20; after += service.Started.IsCompleted ? 1 : 0)
            {
                using var answer = await service.Http.GetAsync("/page", Token);
                Assert.True(answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.ServiceUnavailable, answer.StatusCode.ToString());
            }
        }).ToArray();
        service.Come();

        await Task.WhenAll(asking);
    }

    [Fact]
    public async Task Start_ThatFails_GivesThePortBack()
    {
        var service = new Waiting();
        await service.ListensAsync();

        service.Fail(new InvalidOperationException("by the test"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => service.Started.WaitAsync(Token));
        await service.DisposeAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => service.Http.GetAsync("/alive", Token));
    }

    /// <summary>A service whose start waits until the test lets it.</summary>
    private sealed class Waiting : IHostedLifecycleService, IAsyncDisposable
    {
        private readonly TaskCompletionSource _servers = new();
        private readonly WebApplication _app;

        public Waiting()
        {
            var builder = WebApplication.CreateBuilder(["--urls", $"http://127.0.0.1:{FreePorts.First(1)}"]);
            builder.Logging.ClearProviders();
            builder.AddServiceDefaults();
            builder.Services.AddSingleton<IHostedService>(this);
            _app = builder.Build();
            _app.MapDefaultEndpoints();
            _app.MapGet("/page", () => "page");
            Http.BaseAddress = new Uri(builder.Configuration["urls"]!);
            Started = _app.StartAsync(Token);
        }

        public HttpClient Http { get; } = new();

        public Task Started { get; }

        public void Come() => _servers.TrySetResult();

        public void Fail(Exception fault) => _servers.TrySetException(fault);

        public Task ListensAsync() => Eventually.TrueAsync(async () =>
        {
            try
            {
                using var answer = await Http.GetAsync("/alive", Token);
                return true;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });

        /// <summary>The status code, and the name of the only check or of the one that is unhealthy.</summary>
        public async Task<(HttpStatusCode Status, string? Check)> HealthAsync(string path)
        {
            using var response = await Http.GetAsync(path, Token);
            var checks = (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("checks").EnumerateArray().ToList();
            var told = checks.Count == 1 ? checks : [.. checks.Where(check => check.GetProperty("status").GetString() != "healthy")];
            return (response.StatusCode, told.Count == 1 ? told[0].GetProperty("name").GetString() : null);
        }

        public Task StartingAsync(CancellationToken cancellationToken) => _servers.Task.WaitAsync(cancellationToken);

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            _servers.TrySetResult();
            await _app.DisposeAsync();
        }
    }
}
