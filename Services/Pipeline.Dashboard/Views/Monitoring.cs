using System.Globalization;
using System.Reflection;
using Pipeline.Contracts;
using Pipeline.Dashboard.Status;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Views;

/// <summary>How every part is, as figures.</summary>
public sealed record Monitoring(
    IReadOnlyList<ComponentHealth> Components, IReadOnlyList<FigureGroup> Groups, IReadOnlyList<Problem> Problems, IReadOnlyList<KeyValuePair<string, string>> Versions);

/// <param name="Figures">Their order is that of the plan's list of what to monitor.</param>
public sealed record FigureGroup(string Name, IReadOnlyList<Figure> Figures);

/// <param name="Note">What it is, or why there is none.</param>
public sealed record Figure(string Name, string Value, string Note);

/// <summary>
/// What is monitored, part by part: schedules, log, processing, databases, pages. What a server of its own knows better (a broker's CPU, the lag of
/// replicas) is said to be there.
/// </summary>
internal sealed class MonitoringReader(
    HealthReader health, StatusReader status, DagRuns runs, Measurements measurements, PageInstruments pages, ProcessUse use, RecentProblems problems, IConfiguration configuration, TimeProvider clock)
{
    private const int TimedRuns = 100;
    private const string None = "–";

    // Clients whose versions matter when a server does not answer as expected; listed when they are in use.
    private static readonly string[] Clients = ["Confluent.Kafka", "Npgsql", "Cassandra", "Microsoft.Data.Sqlite", "Quartz", "Microsoft.AspNetCore"];

    private readonly bool _hasKafka = !string.IsNullOrWhiteSpace(configuration.GetConnectionString("kafka"));
    private readonly bool _hasPostgres = !string.IsNullOrWhiteSpace(configuration.GetConnectionString("postgres"));
    private readonly bool _hasCassandra = !string.IsNullOrWhiteSpace(configuration.GetConnectionString("cassandra"));

    public async ValueTask<Monitoring> ReadAsync(bool _, CancellationToken cancellationToken)
    {
        var report = await status.ReadAsync(cancellationToken);
        var used = use.Measure();
        return new Monitoring(
            await health.ReadAsync(true, cancellationToken),
            [await SchedulesAsync(cancellationToken), Log(report), Processing(report), Databases(used), Pages(used)],
            problems.Latest,
            Versions());
    }

    private async Task<FigureGroup> SchedulesAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var day = new Scheduling.TimeRange(now - TimeSpan.FromDays(1), null);
        var succeeded = await CountAsync(DagRunState.Success);
        var failed = await CountAsync(DagRunState.Failed);
        var times = RunTimes.Of((await runs.ListRunsAsync(new DagRunQuery { States = [DagRunState.Success], OrderBy = "-id", Limit = TimedRuns, WithTotal = false }, cancellationToken)).Items);
        var heartbeat = await runs.LatestSchedulerHeartbeatAsync(cancellationToken);
        return new FigureGroup("Schedules",
        [
            new("Runs that succeeded", succeeded + failed == 0 ? None : Figures.Percent((double)succeeded / (succeeded + failed)), $"{Figures.Count(succeeded)} succeeded, {Figures.Count(failed)} failed of those due within 24 hours"),
            new("Duration of runs", times.Median is { } median ? Figures.Seconds(median) : None, times.P95 is { } p95 ? $"median of the last {times.Counted} that succeeded; p95 {Figures.Seconds(p95)}" : "no run has succeeded yet"),
            new("Scheduler", heartbeat is { } beat ? $"{Figures.Seconds(Math.Max(0, (now - beat).TotalSeconds))} ago" : None, heartbeat is null ? "no scheduler has given a sign of life yet" : $"its last sign of life; one look for what is to do takes {Of(measurements.SchedulerLoops)}"),
            new("Answers of this web server", Mean(measurements.Requests), Largest(measurements.Requests, "answers")),
        ]);

        async Task<long> CountAsync(DagRunState state)
            => (await runs.ListRunsAsync(new DagRunQuery { States = [state], RunAfter = day, Limit = 1 }, cancellationToken)).Total;
    }

    private FigureGroup Log(StatusReport report)
    {
        var set = report.Totals.DeadLettered;
        return new FigureGroup("Log",
        [
            new("Consumer lag", Figures.Count(report.Waiting), $"records that wait for {Topics.ProcessorGroup}"),
            new("Broker's CPU and memory", None, _hasKafka ? "the brokers tell it themselves: see Kafka UI" : "no broker: the log is part of this process"),
            new("Messages", $"{Figures.Rate(report.Rates.Ingested)}/s", $"appended; {Figures.Rate(report.Rates.Stored)}/s stored"),
            new("Rejected", report.Totals.Consumed == 0 ? None : Figures.Percent((double)set / report.Totals.Consumed), $"{Figures.Count(set)} of {Figures.Count(report.Totals.Consumed)} records are dead letters"),
        ]);
    }

    private FigureGroup Processing(StatusReport report) => new("Processing",
    [
        new("Log to store", Figures.Milliseconds(report.Latency.P50), $"median of the slowest partition; p95 {Figures.Milliseconds(report.Latency.P95)}, p99 {Figures.Milliseconds(report.Latency.P99)}"),
        new("Shuffled data", None, "none: a partition is processed where it is read"),
        new("Memory", Figures.Bytes(Environment.WorkingSet), $"of this process; {Figures.Bytes(GC.GetTotalMemory(forceFullCollection: false))} in objects"),
        new("Tasks", Figures.Count(report.Partitions.Count), $"partitions that are processed; a checkpoint takes {Of(measurements.Checkpoints)}"),
    ]);

    private FigureGroup Databases(Use used) => new("Databases",
    [
        new("Operations of the result store", Mean(measurements.Results), Largest(measurements.Results, "operations")),
        new("Commands of the metadata", _hasPostgres ? Mean(measurements.Metadata) : None, _hasPostgres ? Largest(measurements.Metadata, "commands") : "SQLite, in this process"),
        new("Connections", None, _hasPostgres || _hasCassandra ? "of the pools: db.client.connection.* under /metrics" : "no server: SQLite is part of this process"),
        new("Disk", used.WrittenPerSecond is { } written ? $"{Figures.Bytes((long)written)}/s" : None, used.ReadPerSecond is { } read ? $"written by this process; {Figures.Bytes((long)read)}/s read" : "this system does not tell, or this is the first look"),
        new("Replication lag", None, _hasCassandra ? "the nodes tell it themselves: nodetool status, nodetool tpstats" : "one copy on this machine"),
    ]);

    private FigureGroup Pages(Use used) => new("Pages",
    [
        new("Readings of pages", Mean(measurements.Pages), Largest(measurements.Pages, "readings, each for all who look at the same")),
        new("Open pages", Figures.Count(pages.Viewers), "connected just now"),
        new("CPU", used.Cores.ToString("0.00", CultureInfo.InvariantCulture), $"cores used by this process, of {Environment.ProcessorCount}"),
    ]);

    private static string Mean(Measured measured) => measured.Count == 0 ? None : Figures.Milliseconds(measured.Mean * 1000);

    private static string Of(Measured measured) => measured.Count == 0 ? "no time: none in the last minute" : Figures.Milliseconds(measured.Mean * 1000);

    private static string Largest(Measured measured, string what)
        => measured.Count == 0 ? "none in the last minute" : $"mean of {Figures.Count(measured.Count)} {what} in the last minute; the longest took {Figures.Milliseconds(measured.Max * 1000)}";

    private static List<KeyValuePair<string, string>> Versions()
    {
        var versions = new List<KeyValuePair<string, string>>
        {
            KeyValuePair.Create("Pipeline", StatusReader.Version),
            KeyValuePair.Create("Runtime", $"{System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription} on {System.Runtime.InteropServices.RuntimeInformation.OSDescription}"),
        };
        foreach (var client in AppDomain.CurrentDomain.GetAssemblies().Where(assembly => Clients.Contains(assembly.GetName().Name)).OrderBy(assembly => assembly.GetName().Name, StringComparer.Ordinal))
        {
            // The version without the commit behind the plus.
            var version = client.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
            versions.Add(KeyValuePair.Create(client.GetName().Name!, version ?? client.GetName().Version?.ToString() ?? ""));
        }

        return versions;
    }
}
