using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;
using Pipeline.Testing;

namespace Pipeline.Scheduling.Tests;

/// <summary>A metadata database of one test's own, and schedulers on it: whole hosts, or executors driven by hand.</summary>
internal sealed class SchedulingKit : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly List<IHost> _hosts = [];
    private readonly HashSet<IHost> _started = [];

    public string DataDirectory => _directory.FullPath;

    public static DagTask Task(string id, Func<TaskContext, CancellationToken, Task> run) => new(id, run);

    public static DagTask Nothing(string id) => new(id, (_, _) => System.Threading.Tasks.Task.CompletedTask);

    /// <summary>A host that is not started; its services can be driven by hand.</summary>
    public IHost Build(IEnumerable<Dag> dags, TimeProvider? clock = null, Dictionary<string, string?>? settings = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(settings ?? [])
        {
            ["Data:Directory"] = DataDirectory,
            ["Data:Durable"] = "false",
        });
        builder.Logging.ClearProviders();
        if (clock is not null)
        {
            builder.Services.AddSingleton(clock);
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

    /// <summary>Triggers the only DAG of a host and runs it to its end, moving a fake clock along while it waits.</summary>
    public static async Task<FinishedRun> RunAsync(IHost host, CancellationToken cancellationToken)
    {
        var services = host.Services;
        var dag = services.GetRequiredService<DagCatalog>().All.Single();
        var run = await services.GetRequiredService<DagRuns>().TriggerAsync(dag.Id, null, null, "test", cancellationToken);
        var claimed = await ClaimAsync(host, cancellationToken);
        Assert.Equal(run.RunId, claimed!.RunId);
        var work = services.GetRequiredService<DagRunExecutor>().RunAsync(dag, claimed, cancellationToken);
        var finished = await AdvanceUntilAsync(services.GetRequiredService<TimeProvider>(), work);
        return new FinishedRun(finished, services.GetRequiredService<DagRuns>());
    }

    public static Task<DagRun?> ClaimAsync(IHost host, CancellationToken cancellationToken)
    {
        var services = host.Services;
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        return services.GetRequiredService<DagRunStore>().ClaimAsync(
            services.GetRequiredService<DagCatalog>().All.Single(),
            services.GetRequiredService<SchedulerInstance>().Id,
            now,
            now.AddSeconds(30),
            cancellationToken);
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
    }
}

internal sealed record FinishedRun(DagRun Run, DagRuns Runs)
{
    public string State => Run.State.ToWireName();

    public TaskInstance Task(string id) => Runs.ListTaskInstances(Run.DagId, Run.RunId).Single(task => task.TaskId == id);

    public string TaskState(string id) => Task(id).State.ToWireName();

    public IReadOnlyList<string> Log(string id, int tryNumber) => [.. Runs.ListLog(Run.DagId, Run.RunId, id, tryNumber).Select(line => $"{line.Level} {line.Message}")];
}
