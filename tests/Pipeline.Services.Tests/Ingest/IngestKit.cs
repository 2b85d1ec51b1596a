using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Ingest;
using Pipeline.Ingest.RandomUser;
using Pipeline.Scheduling;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Ingest;

/// <summary>Ingest as the service has it, on an in-memory log, with the network replaced; runs of its DAG are driven by hand.</summary>
internal sealed class IngestKit : IAsyncDisposable
{
    public static readonly DataInterval Interval = new(
        new DateTimeOffset(2026, 11, 23, 15, 10, 0, TimeSpan.Zero), new DateTimeOffset(2026, 11, 23, 15, 10, 10, TimeSpan.Zero));

    private readonly TempDirectory _directory = new();
    private readonly IHost _host;

    public IngestKit(HttpMessageHandler? api, TimeProvider? clock = null, IRecordLog? log = null, params (string Key, string Value)[] settings)
    {
        Clock = clock ?? TimeProvider.System;
        Log = log ?? new InMemoryRecordLog();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["Data:Directory"] = _directory.FullPath,
                ["Data:Durable"] = "false",

                // A clock that is moved by hand runs far ahead of the beats, which take real time.
                ["Scheduling:LeaseDuration"] = "3000.00:00:00",
                ["Ingest:BaseUrl"] = "http://api.test/api/",
                ["Ingest:UsersPerRun"] = "3",
                ["Ingest:Retries"] = "0",
            }.Concat(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value))).GroupBy(pair => pair.Key).ToDictionary(g => g.Key, g => g.Last().Value));
        builder.Services.AddSingleton(Clock);
        builder.Services.AddSingleton(Log);
        builder.AddIngest();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(Console);
        if (api is not null)
        {
            builder.Services.AddHttpClient<RandomUserClient>().ConfigurePrimaryHttpMessageHandler(() => api);
        }

        _host = builder.Build();
    }

    /// <summary>What the host logged.</summary>
    public MemoryLog Console { get; } = new();

    public TimeProvider Clock { get; }

    public IRecordLog Log { get; }

    public string DataDirectory => _directory.FullPath;

    public DagRuns Runs => _host.Services.GetRequiredService<DagRuns>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Runs the DAG for an interval as its schedule would.</summary>
    public async Task<IngestRun> RunAsync(DataInterval? interval = null)
    {
        var services = _host.Services;
        foreach (var hosted in services.GetServices<IHostedService>().OfType<IHostedLifecycleService>())
        {
            await hosted.StartingAsync(Cancellation);
        }

        var dag = services.GetRequiredService<DagCatalog>().Find("kafka_stream")!;
        var work = services.GetRequiredService<DagTester>().RunAsync(dag, DagRun.Scheduled(dag, interval ?? Interval, Clock.GetUtcNow()), Cancellation);
        if (Clock is FakeTimeProvider fake)
        {
            await Eventually.TrueAsync(() =>
            {
                fake.Advance(TimeSpan.FromMilliseconds(500));
                return work.IsCompleted;
            });
        }

        var run = (await work)!;
        return new IngestRun(
            run,
            await Runs.ListTaskInstancesAsync(run.DagId, run.RunId, Cancellation),
            await Runs.ListResultsAsync(run.DagId, run.RunId, Cancellation),
            Runs);
    }

    public async Task<IReadOnlyList<LoggedRecord>> ReadAsync(string topic)
    {
        var records = new List<LoggedRecord>();
        foreach (var partition in (await Log.DescribeAsync(Cancellation)).Where(p => p.TopicPartition.Topic == topic))
        {
            for (var offset = partition.Start; offset < partition.HighWatermark;)
            {
                using var batch = await Log.FetchAsync(new Position(partition.TopicPartition, offset), 10_000, Cancellation);
                for (var i = 0; i < batch.Count; i++)
                {
                    records.Add(new LoggedRecord(
                        batch.HasKey(i) ? Encoding.UTF8.GetString(batch.Key(i)) : null,
                        batch.Value(i).ToArray(),
                        HeaderReader.ToList(batch.Headers(i)).ToDictionary(header => header.Key, header => header.Value)));
                }

                offset = batch.NextOffset;
            }
        }

        return records;
    }

    /// <summary>Every byte that ingest left in its data directory.</summary>
    public IEnumerable<byte[]> AllFiles()
        => Directory.EnumerateFiles(DataDirectory, "*", SearchOption.AllDirectories).Select(ReadShared);

    public IReadOnlyList<string> RunFiles()
        => [.. Directory.EnumerateFiles(DataDirectory, "*", SearchOption.AllDirectories)
            .Where(path => path.Contains($"{Path.DirectorySeparatorChar}runs{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal)];

    public async ValueTask DisposeAsync()
    {
        await ((IAsyncDisposable)_host).DisposeAsync();
        _directory.Dispose();
    }

    private static byte[] ReadShared(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}

internal sealed record LoggedRecord(string? Key, byte[] Value, IReadOnlyDictionary<string, string> Headers)
{
    public string Text => Encoding.UTF8.GetString(Value);
}

internal sealed record IngestRun(DagRun Run, IReadOnlyList<TaskInstance> Tasks, IReadOnlyList<XCom> Results, DagRuns Runs)
{
    public string State => Run.State.ToWireName();

    public TaskInstance Task(string id) => Tasks.Single(task => task.TaskId == id);

    /// <summary>Task states in the order of the DAG.</summary>
    public string States => string.Join(' ', Tasks.Select(task => task.State.ToWireName()));

    public string Result(string task) => Results.Single(result => result.TaskId == task).Value;

    public async Task<IReadOnlyList<string>> TaskLogAsync(string task, int tryNumber)
        => [.. (await Runs.ReadLogAsync(Run.DagId, Run.RunId, task, tryNumber, 0, 10_000, TestContext.Current.CancellationToken)).Select(line => line.Message)];
}

/// <summary>Keeps all that is logged, at every level.</summary>
internal sealed class MemoryLog : ILoggerProvider, ILogger
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

    public string Text => string.Join('\n', _lines);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => _lines.Enqueue($"{formatter(state, exception)} {exception}");

    public void Dispose()
    {
        // Nothing is held.
    }
}
