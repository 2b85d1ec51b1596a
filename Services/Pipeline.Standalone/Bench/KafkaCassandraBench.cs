using Microsoft.Extensions.DependencyInjection.Extensions;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Standalone.Bench;

/// <summary>
/// The processor between real servers: <c>users_topic</c> of the brokers → rows and windows in a keyspace of its own, which is removed at the end: what it left in the memory of the
/// server would be taken from the next one. A new group reads the topic; it is filled first when it is empty. Not counted: filling it, joining the group, and the first events, during which code is compiled.
/// </summary>
internal static class KafkaCassandraBench
{
    private const int Warmup = 50_000;

    /// <summary>A backlog, as fast as it goes.</summary>
    /// <param name="seedTable">Whether the table of events by id is written as well.</param>
    public static Task<Figures> BacklogAsync(string name, bool seedTable, BenchSettings bench, HostSettings settings, CancellationToken cancellationToken)
        => RunAsync([$"--Cassandra:EventsById={seedTable}"], newest: null, bench, settings, async (services, backlog, _, cancel) =>
        {
            var store = services.GetRequiredService<WatchedStore>();
            await store.WrittenAsync(Warmup, cancel);
            var (meter, box, before) = (Meter.StartNew(), BoxCpu.Now(), store.Totals);
            await store.WrittenAsync(backlog, cancel);
            return await FiguresAsync(name, meter, box, before, store, cancel);
        }, cancellationToken);

    /// <summary>A backlog while events go on coming at the live rate, until the processor is half a second behind.</summary>
    public static Task<Figures> CatchUpAsync(string name, BenchSettings bench, HostSettings settings, CancellationToken cancellationToken)
        => RunAsync(["--Cassandra:EventsById=false"], newest: null, bench, settings, async (services, backlog, next, cancel) =>
        {
            var store = services.GetRequiredService<WatchedStore>();
            await using var load = new SteadyLoad(services.GetRequiredService<IRecordLog>(), Topics.Users, TimeProvider.System);
            await store.WrittenAsync(Warmup, cancel);
            return await load.WhileAsync(next, bench.Rate, async loaded =>
            {
                var (meter, box, before) = (Meter.StartNew(), BoxCpu.Now(), store.Totals);
                while (store.Totals.Consumed < backlog + load.Count - (bench.Rate / 2))
                {
                    await store.WrittenAsync(loaded);
                }

                var figures = await FiguresAsync(name, meter, box, before, store, loaded);
                figures["times_live_rate"] = Math.Round((double)figures["events_per_second"] / bench.Rate, 2);
                return figures;
            }, cancel);
        }, cancellationToken);

    /// <summary>A steady rate behind the newest events of the topic, see <see cref="LatencyBench"/>.</summary>
    public static Task<Figures> LatencyAsync(string name, BenchSettings bench, HostSettings settings, CancellationToken cancellationToken)
        => RunAsync(LatencyBench.Settings, LatencyBench.Backlog, bench, settings, async (services, backlog, next, cancel) =>
        {
            var store = services.GetRequiredService<WatchedStore>();
            await store.WrittenAsync(backlog, cancel);
            await using var load = new SteadyLoad(services.GetRequiredService<IRecordLog>(), Topics.Users, TimeProvider.System);
            return await load.WhileAsync(
                next,
                bench.Rate,
                loaded => LatencyBench.MeasureAsync(load, store, (meter, box, before) => FiguresAsync(name, meter, box, before, store, loaded), loaded),
                cancel);
        }, cancellationToken);

    /// <param name="newest">How many of the newest events of each partition are processed; null for all.</param>
    /// <param name="measure">Is given how many events the topic holds for it, and the number of the next one; cancelled when the processor ends.</param>
    private static async Task<Figures> RunAsync(
        string[] own, int? newest, BenchSettings bench, HostSettings settings, Func<IServiceProvider, long, int, CancellationToken, Task<Figures>> measure, CancellationToken cancellationToken)
    {
        using var directory = new BenchDirectory();
        var brokers = bench.Kafka!.Servers;
        var run = Guid.NewGuid().ToString("N")[..8];
        string[] configuration =
        [
            $"--ConnectionStrings:kafka={brokers}", $"--Cassandra:Keyspace=bench_{run}", $"--Processor:Group=bench-{run}", .. own, .. settings.Configuration, directory.Setting,
        ];
        var builder = PipelineApplication.CreateBuilder(settings with { Configuration = configuration }, out _);
        long backlog, next;
        await using (var log = KafkaTopic.Open(brokers, Topics.Users, builder.Configuration))
        {
            backlog = next = await KafkaTopic.FillAsync(log, Topics.Users, bench.Events, directory, cancellationToken);
            if (newest is { } each)
            {
                backlog = await KafkaTopic.CountAsync(new NewestRecords(log, each), Topics.Users, cancellationToken);
            }
        }

        if (backlog <= Warmup)
        {
            throw new RecordLogException($"{backlog} events of the topic are there to be processed; the first {Warmup} are not counted.", isTransient: false);
        }

        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddProcessor();
        WatchedStore.Watch(builder.Services);
        if (newest is { } records)
        {
            var make = builder.Services.Last(s => s.ServiceType == typeof(IRecordLog)).ImplementationFactory!;
            builder.Services.Replace(ServiceDescriptor.Singleton<IRecordLog>(provider => new NewestRecords((IRecordLog)make(provider), records)));
        }

        await using var app = builder.Build();
        await app.StartAsync(cancellationToken);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, app.Lifetime.ApplicationStopping);
        try
        {
            return await measure(app.Services, backlog, (int)next, ended.Token);
        }
        catch (OperationCanceledException e) when (app.Services.FaultedWorker() is { } dead)
        {
            throw new InvalidOperationException($"{dead.GetType().Name} ended in the middle of the measurement: {dead.ExecuteTask!.Exception!.InnerException!.Message}", e);
        }
        finally
        {
            await app.StopAsync(CancellationToken.None);
            await RemoveKeyspaceAsync(app.Services);
        }
    }

    // Whatever happened; what happened is what is to be said, not that the keyspace could not be removed either.
    private static async Task RemoveKeyspaceAsync(IServiceProvider services)
    {
        try
        {
            await services.GetRequiredService<KeyspaceRemoval>()(CancellationToken.None);
        }
        catch (StorageException e)
        {
            await Console.Error.WriteLineAsync($"The keyspace of the measurement stays behind: {e.Message}");
        }
    }

    private static async Task<Figures> FiguresAsync(string name, Meter meter, TimeSpan box, (long Consumed, long Stored) before, WatchedStore store, CancellationToken cancellationToken)
    {
        meter.Stop();
        var (used, counted) = (BoxCpu.Now() - box, store.Totals);
        var readable = (await store.GetProgressAsync(cancellationToken)).Sum(p => p.Consumed);
        if (readable < counted.Consumed)
        {
            throw new StorageException($"{counted.Consumed} records were confirmed, but the store says {readable}.", isTransient: false);
        }

        var events = counted.Consumed - before.Consumed;
        var figures = meter.Figures(name, events);
        figures["box_cpu_us_per_event"] = Math.Round(used.TotalMicroseconds / events, 2);
        figures["stored"] = counted.Stored - before.Stored;
        return figures;
    }
}
