using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Pipeline.Services.Tests.Defaults;

/// <summary>What becomes of the last telemetry when a service stops.</summary>
public sealed class TelemetryFlushTests
{
    private static readonly TimeSpan SafetyNet = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Stop_CollectorAnswers_TelemetryIsFlushedBeforeTheHostHasStopped()
    {
        using var collector = new Collector();
        await using var app = await StartAsync(collector);
        collector.Answer();

        await app.StopAsync(TestContext.Current.CancellationToken);

        Assert.True(collector.IsFlushed);
    }

    [Fact]
    public async Task Stop_CollectorTakesTheConnectionAndDoesNotAnswer_HostStopsAllTheSame()
    {
        using var collector = new Collector();
        await using var app = await StartAsync(collector);

        // Without a bound it ends only after the collector has answered, which it does below.
        await app.StopAsync(TestContext.Current.CancellationToken).WaitAsync(SafetyNet, TestContext.Current.CancellationToken);

        Assert.False(collector.IsFlushed);
        collector.Answer();
    }

    private static async Task<WebApplication> StartAsync(Collector collector)
    {
        var builder = WebApplication.CreateBuilder(["--urls", "http://127.0.0.1:0", "--OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"]);
        builder.AddServiceDefaults();
        builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddProcessor(collector));
        var app = builder.Build();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private sealed class Collector : BaseProcessor<Activity>
    {
        private readonly ManualResetEventSlim _answer = new();

        public bool IsFlushed { get; private set; }

        public void Answer() => _answer.Set();

        protected override bool OnShutdown(int timeoutMilliseconds)
        {
            _answer.Wait();
            IsFlushed = true;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            _answer.Set();
            base.Dispose(disposing);
        }
    }
}
