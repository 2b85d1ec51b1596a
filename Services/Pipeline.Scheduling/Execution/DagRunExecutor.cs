using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// Takes a claimed run to its end: starts every task whose trigger rule holds, in topological order, passes failures on as
/// <c>upstream_failed</c>, and reads the run's state off its leaves. Resuming a run is the same thing with some states given.
/// </summary>
internal sealed class DagRunExecutor(
    DagRunStore runs,
    TaskInstanceStore tasks,
    TaskExecutor taskExecutor,
    SchedulerInstance instance,
    SchedulingInstruments instruments,
    TimeProvider clock,
    ILogger<DagRunExecutor> logger)
{
    /// <summary>Runs to the end.</summary>
    /// <exception cref="OperationCanceledException">Stopped; the run can be resumed.</exception>
    /// <exception cref="DagRunLostException">Another instance owns the run by now.</exception>
    public async Task<DagRun> RunAsync(Dag dag, DagRun run, CancellationToken stopping)
    {
        using var activity = SchedulingActivitySource.StartRun(run);
        if (run.TraceParent is null && activity?.Id is { } id)
        {
            run = run with { TraceParent = id };
            await runs.SaveTraceParentAsync(run, stopping);
        }

        var states = tasks.List(run.DagId, run.RunId).ToDictionary(task => task.TaskId, StringComparer.Ordinal);
        await RecoverOrphanedTriesAsync(dag, states, stopping);

        // One failing task must not leave the others running unobserved, so all of them hang on this token.
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var active = new Dictionary<Task<TaskInstance>, string>();
        try
        {
            while (true)
            {
                await StartReadyAsync(dag, run, states, active, abort.Token);
                if (active.Count == 0)
                {
                    break;
                }

                var ended = await Task.WhenAny(active.Keys);
                var taskId = active[ended];
                states[taskId] = await ended;
                active.Remove(ended);
            }
        }
        catch
        {
            await abort.CancelAsync();
            await Task.WhenAll(active.Keys).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            throw;
        }

        return await FinishAsync(dag, run, states, stopping);
    }

    /// <summary>
    /// A try that was under way when its scheduler died: nobody knows how far it came. It counts as a failed try, because a
    /// task that kills its process must not do so for ever.
    /// </summary>
    private async Task RecoverOrphanedTriesAsync(Dag dag, Dictionary<string, TaskInstance> states, CancellationToken stopping)
    {
        foreach (var task in dag.Tasks)
        {
            var orphan = states[task.Id];
            if (orphan.State != TaskInstanceState.Running)
            {
                continue;
            }

            const string Error = "The scheduler that ran this try is gone.";
            var now = clock.GetUtcNow();
            var next = orphan.HasTriesLeft
                ? orphan.Apply(TaskInstanceEvent.Retry, now) with { NextRetryAt = now, Error = Error }
                : orphan.Apply(TaskInstanceEvent.Fail, now) with { Error = Error };
            await tasks.SaveAsync(orphan, next, instance.Id, [], [], stopping);
            logger.OrphanedTry(orphan.DagId, orphan.RunId, orphan.TaskId, orphan.TryNumber, next.State.ToWireName());
            states[task.Id] = next;
        }
    }

    private async Task StartReadyAsync(
        Dag dag, DagRun run, Dictionary<string, TaskInstance> states, Dictionary<Task<TaskInstance>, string> active, CancellationToken stopping)
    {
        foreach (var task in dag.Tasks)
        {
            var current = states[task.Id];
            if (current.State.IsFinished() || active.ContainsValue(task.Id))
            {
                continue;
            }

            // What had been scheduled before a resume has its trigger rule behind it.
            var happened = current.State == TaskInstanceState.None
                ? TriggerRules.Evaluate(task.TriggerRule, dag.Upstream(task.Id).Select(upstream => states[upstream].State))
                : TaskInstanceEvent.Schedule;
            switch (happened)
            {
                case TaskInstanceEvent.Schedule:
                    active.Add(taskExecutor.RunAsync(task, run, current, stopping), task.Id);
                    break;
                case { } ends:
                    // In topological order, so one pass carries it to the last task downstream.
                    var ended = current.Apply(ends, clock.GetUtcNow());
                    await tasks.SaveAsync(current, ended, instance.Id, [], [], stopping);
                    states[task.Id] = ended;
                    break;
            }
        }
    }

    private async Task<DagRun> FinishAsync(Dag dag, DagRun run, Dictionary<string, TaskInstance> states, CancellationToken stopping)
    {
        var failed = dag.Leaves.Any(leaf => states[leaf].State is TaskInstanceState.Failed or TaskInstanceState.UpstreamFailed);
        var finished = run.Apply(failed ? DagRunEvent.Fail : DagRunEvent.Succeed, clock.GetUtcNow());
        await runs.FinishAsync(finished, instance.Id, stopping);
        instruments.RunEnded(finished);
        if (failed)
        {
            var causes = states.Values.Where(task => task.State == TaskInstanceState.Failed).Select(task => $"{task.TaskId}: {task.Error}");
            logger.RunFailed(finished.DagId, finished.RunId, string.Join("; ", causes));
        }
        else
        {
            logger.RunSucceeded(finished.DagId, finished.RunId, (finished.EndDate - finished.StartDate)?.TotalSeconds ?? 0);
        }

        return finished;
    }
}
