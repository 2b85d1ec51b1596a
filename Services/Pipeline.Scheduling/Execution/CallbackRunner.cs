using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;

namespace Pipeline.Scheduling.Execution;

/// <summary>Calls the callbacks of DAGs and tasks, after what they tell of is stored: at most once, beside the run, and without a say in it.</summary>
internal sealed class CallbackRunner(IServiceScopeFactory scopes, ILogger<CallbackRunner> logger)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>Starts the callback of a task instance's new state, if there is one.</summary>
    public void Start(List<Task> started, Dag dag, DagRun run, TaskInstance task)
    {
        var code = dag.FindTask(task.TaskId);
        Start(started, run, task, task.Error, task.State switch
        {
            TaskInstanceState.Success => code?.OnSuccess,
            TaskInstanceState.Failed => code?.OnFailure,
            TaskInstanceState.UpForRetry => code?.OnRetry,
            TaskInstanceState.Skipped => code?.OnSkipped,
            _ => null,
        });
    }

    /// <summary>Starts the callback of a finished run.</summary>
    public void Start(List<Task> started, Dag dag, DagRun run)
        => Start(started, run, null, null, run.State == DagRunState.Success ? dag.OnSuccess : dag.OnFailure);

    public void Start(List<Task> started, DagRun run, TaskInstance? task, string? reason, Func<DagCallbackContext, CancellationToken, Task>? callback)
    {
        if (callback is not null)
        {
            started.Add(Task.Run(() => CallAsync(callback, run, task, reason)));
        }
    }

    private async Task CallAsync(Func<DagCallbackContext, CancellationToken, Task> callback, DagRun run, TaskInstance? task, string? reason)
    {
        try
        {
            using var limit = new CancellationTokenSource(Longest);
            await using var scope = scopes.CreateAsyncScope();
            await callback(new DagCallbackContext(run, task, reason, scope.ServiceProvider), limit.Token).WaitAsync(limit.Token);
        }
        catch (Exception e)
        {
            logger.CallbackFailed(e, run.DagId, run.RunId, task?.TaskId);
        }
    }
}
