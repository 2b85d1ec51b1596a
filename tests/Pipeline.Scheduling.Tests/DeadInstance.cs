using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Scheduling.Execution;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Tests;

/// <summary>A database as a kill leaves it.</summary>
internal static class DeadInstance
{
    private static readonly Lazy<int> GonePid = new(() =>
    {
        // A process that has exited gives a pid that is nobody's for a good while.
        using var gone = Process.Start(new ProcessStartInfo("true"))!;
        gone.WaitForExit();
        return gone.Id;
    });

    /// <summary>A run that is claimed, some tasks done, one running; the process is gone and the instance still registered.</summary>
    public static async Task LeaveRunAsync(IHost host, Dag dag, string runId, string running, params string[] done)
    {
        var services = host.Services;
        var cancellation = TestContext.Current.CancellationToken;
        var database = services.GetRequiredService<MetadataDatabase>();
        var versions = services.GetRequiredService<DagVersions>();
        var now = UnixTime.Cut(TimeProvider.System.GetUtcNow());
        await database.MigrateAsync(cancellation);
        await versions.SaveAsync(database, cancellation);
        await services.GetRequiredService<DagOperations>().TriggerAsync(dag.Id, new TriggerRequest { RunId = runId }, SchedulingKit.Me, cancellation);
        var owner = new SchedulerInstance(Guid.NewGuid().ToString(), Environment.MachineName, GonePid.Value, now.ToUnixTimeMilliseconds());
        var left = await database.WriteAsync(
            session =>
            {
                JobTable.Register(session, owner, now);
                var claim = ClaimTable.TakeQueued(session, versions.Current, owner.Id, 1, now).Single();
                return done.Append(running).All(taskId =>
                {
                    var none = TaskInstanceTable.Find(session, dag.Id, runId, taskId)!;
                    var started = none.Apply(TaskInstanceEvent.Schedule, now).Apply(TaskInstanceEvent.Queue, now).Apply(TaskInstanceEvent.Start, now);
                    return TaskInstanceTable.Save(session, claim, none, started)
                        && (taskId == running || TaskInstanceTable.Save(session, claim, started, started.Apply(TaskInstanceEvent.Succeed, now)));
                });
            },
            cancellation);
        Assert.True(left);
    }
}
