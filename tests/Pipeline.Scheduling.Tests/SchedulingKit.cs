using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Scheduling.Metadata;
using Pipeline.Testing;

namespace Pipeline.Scheduling.Tests;

/// <summary>Where the metadata of a test lies.</summary>
public enum Backend
{
    Sqlite,
    Postgres,
}

/// <summary>A metadata database of one test's own, and schedulers on it: whole hosts, or runs driven by hand.</summary>
internal sealed class SchedulingKit : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly TestDatabase? _postgres;
    private readonly List<IHost> _hosts = [];
    private readonly HashSet<IHost> _started = [];

    /// <param name="withoutTables">The test wants to see the database being made.</param>
    public SchedulingKit(Backend backend = Backend.Sqlite, bool withoutTables = false)
    {
        _postgres = backend == Backend.Postgres ? TestDatabase.Create(withoutTables) : null;
    }

    public static Actor Me { get; } = new("test", Via: TriggeredBy.Test);

    public string DataDirectory => _directory.FullPath;

    /// <summary>The settings that lead another process to the database.</summary>
    public IReadOnlyDictionary<string, string> Settings
        => _postgres is null
            ? new Dictionary<string, string> { ["Data:Directory"] = DataDirectory }
            : new Dictionary<string, string> { ["Data:Directory"] = DataDirectory, ["ConnectionStrings:postgres"] = _postgres.ConnectionString };

    public static DagTask Task(string id, Func<TaskContext, CancellationToken, Task> run) => new(id, run);

    public static DagTask Nothing(string id) => new(id, (_, _) => System.Threading.Tasks.Task.CompletedTask);

    /// <summary>A host that is not started; its services can be driven by hand.</summary>
    public IHost Build(IEnumerable<Dag> dags, TimeProvider? clock = null, Dictionary<string, string?>? settings = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(Settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(settings ?? []) { ["Data:Durable"] = "false" });
        builder.Logging.ClearProviders();
        if (clock is not null)
        {
            builder.Services.AddSingleton(clock);

            // A clock that is moved by hand runs far ahead of the beats, which take real time.
            builder.Configuration["Scheduling:LeaseDuration"] = "3000.00:00:00";
        }

        foreach (var dag in dags)
        {
            builder.AddDag(_ => dag);
        }

        builder.AddScheduling();
        var host = builder.Build();
        _hosts.Add(host);
        return host;
    }

    public async Task<IHost> StartAsync(IEnumerable<Dag> dags, TimeProvider? clock = null, Dictionary<string, string?>? settings = null)
    {
        var host = Build(dags, clock, settings);
        await host.StartAsync(TestContext.Current.CancellationToken);
        _started.Add(host);
        return host;
    }

    /// <summary>Runs the only DAG of a host to its end, moving a fake clock along while it waits.</summary>
    public static async Task<FinishedRun> RunAsync(IHost host, CancellationToken cancellationToken, string? conf = null)
    {
        var services = host.Services;
        var dag = services.GetRequiredService<DagCatalog>().All.Single();
        var work = services.GetRequiredService<DagTester>().RunAsync(dag.Id, new TriggerRequest { Conf = conf }, Me, cancellationToken);
        var finished = await AdvanceUntilAsync(services.GetRequiredService<TimeProvider>(), work);
        return await FinishedRun.ReadAsync(host, finished!, cancellationToken);
    }

    public static async Task<T> AdvanceUntilAsync<T>(TimeProvider clock, Task<T> work)
    {
        if (clock is FakeTimeProvider fake)
        {
            await Eventually.TrueAsync(() =>
            {
                fake.Advance(TimeSpan.FromMilliseconds(250));
                return work.IsCompleted;
            });
        }

        return await work;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            if (_started.Contains(host))
            {
                await host.StopAsync(CancellationToken.None);
            }

            await ((IAsyncDisposable)host).DisposeAsync();
        }

        _directory.Dispose();
        _postgres?.Dispose();
    }
}

/// <summary>A finished run with what it left.</summary>
internal sealed record FinishedRun(DagRun Run, IReadOnlyList<TaskInstance> Tasks, IReadOnlyList<XCom> Results, DagRuns Runs)
{
    public string State => Run.State.ToWireName();

    public static async Task<FinishedRun> ReadAsync(IHost host, DagRun run, CancellationToken cancellationToken)
    {
        var runs = host.Services.GetRequiredService<DagRuns>();
        return new FinishedRun(
            run,
            await runs.ListTaskInstancesAsync(run.DagId, run.RunId, cancellationToken),
            await runs.ListResultsAsync(run.DagId, run.RunId, cancellationToken),
            runs);
    }

    public TaskInstance Task(string id) => Tasks.Single(task => task.TaskId == id);

    public string TaskState(string id) => Task(id).State.ToWireName();

    public async Task<IReadOnlyList<string>> LogAsync(string id, int tryNumber)
        => [.. (await Runs.ReadLogAsync(Run.DagId, Run.RunId, id, tryNumber, 0, 10_000, TestContext.Current.CancellationToken)).Select(line => $"{line.Level} {line.Message}")];
}
