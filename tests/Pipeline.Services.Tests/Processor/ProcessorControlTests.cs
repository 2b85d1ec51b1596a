using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Services.Tests.Dashboard;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.State;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Processor;

/// <summary>Pause, resume, reset and replay of a processor at work.</summary>
public sealed class ProcessorControlTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pause_OfAProcessorAtWork_WritesWhatWasReadAndReadsNoMore()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync(settings: ("Processor:FlushInterval", "00:01:00"));
        await AppendAsync(host, 0);
        await Eventually.TrueAsync(() => host.Get<ProcessorWorker>().Worker.Status.Sum(p => p.Progress.Counters.Consumed) == 100);

        await host.Get<ProcessorControl>().PauseAsync(Token);

        Assert.Equal(100, await StoredAsync(host));
        Assert.Empty(host.Get<ProcessorWorker>().Worker.Status);
        Assert.Equal(HealthStatus.Degraded, (await host.Get<HealthCheckService>().CheckHealthAsync(Token)).Entries["processor"].Status);
        await AppendAsync(host, 100);
        Assert.Equal(100, await StoredAsync(host));
    }

    [Fact]
    public async Task Resume_AfterAPause_GoesOnWhereItWas()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        await AppendAsync(host, 0);
        await host.SettledAsync();
        var control = host.Get<ProcessorControl>();
        await control.PauseAsync(Token);
        await control.PauseAsync(Token);
        await AppendAsync(host, 100);

        await control.ResumeAsync(Token);
        await host.SettledAsync();

        Assert.False(control.IsPaused);
        Assert.Equal(200, await StoredAsync(host));
        Assert.Equal(0, (await host.Store.GetProgressAsync(Token)).Sum(p => p.Duplicate));
    }

    [Fact]
    public async Task Reset_OfAProcessorAtWork_LeavesNothingUntilAResumeDerivesItAgain()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        await AppendAsync(host, 0);
        await host.SettledAsync();
        var before = await StoredText.OfAsync(host);
        var control = host.Get<ProcessorControl>();

        await control.ResetAsync(Token);

        Assert.True(control.IsPaused);
        Assert.Empty(await EventsAsync(host));
        Assert.Equal(0, await StoredAsync(host));

        await control.ResumeAsync(Token);
        await host.SettledAsync();
        Assert.Equal(before, await StoredText.OfAsync(host));
    }

    [Fact]
    public async Task Replay_WhileRecordsArrive_EndsWithEachOfThemOnce()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        await AppendAsync(host, 0);
        await host.SettledAsync();

        var replay = host.Get<ProcessorControl>().ReplayAsync(Token);
        await AppendAsync(host, 100);
        await replay;
        await host.SettledAsync();

        Assert.Equal(200, (await EventsAsync(host)).Distinct().Count());
        Assert.Equal(200, await StoredAsync(host));
        Assert.Equal(0, (await host.Store.GetProgressAsync(Token)).Sum(p => p.Duplicate + p.Late + p.DeadLettered));
    }

    [Fact]
    public async Task Replay_ThatCannotReadTheLog_SaysSoAndProcessingGoesOn()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        var broken = new ResultReplay(
            new StubLog { Failure = new RecordLogException("The log is away.", isTransient: true) },
            host.Store, host.Get<ICheckpointStore>(), host.Get<ProcessorTasks>(), host.Get<IOptions<ProcessorOptions>>());
        using var control = new ProcessorControl(host.Get<ProcessorWorker>(), broken, NullLogger<ProcessorControl>.Instance);

        await Assert.ThrowsAsync<RecordLogException>(() => control.ReplayAsync(Token));

        await AppendAsync(host, 0);
        await host.SettledAsync();
        Assert.Equal(100, await StoredAsync(host));
    }

    [Fact]
    public async Task Stop_WhilePaused_EndsTheHost()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        await host.Get<ProcessorControl>().PauseAsync(Token);

        await host.StopAsync();
    }

    private static Task AppendAsync(ProcessorHost host, int from) => host.AppendAsync(
        Topics.Activity, "a", Enumerable.Range(from, 100).Select(i => (ProcessorHost.Activity(i, i % 7, ProcessorHost.Noon + (i * 500)), ProcessorHost.Noon + (i * 500L))));

    private static async Task<long> StoredAsync(ProcessorHost host) => (await host.Store.GetProgressAsync(Token)).Sum(p => p.Stored);

    private static async Task<IReadOnlyList<(Guid, long)>> EventsAsync(ProcessorHost host) =>
        [.. (await host.Store.QueryEventsAsync(new EventQuery { Limit = 1000 }, Token)).Items.Select(e => (e.EventId, e.Offset))];
}
