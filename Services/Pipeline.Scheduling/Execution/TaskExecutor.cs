using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;
using Pipeline.Sqlite;

namespace Pipeline.Scheduling.Execution;

/// <summary>Takes one task instance through its tries to its final state.</summary>
internal sealed class TaskExecutor(
    TaskInstanceStore store,
    SchedulerInstance instance,
    IServiceScopeFactory scopes,
    DataDirectory dataDirectory,
    IOptions<SchedulingOptions> options,
    SchedulingInstruments instruments,
    TimeProvider clock,
    ILoggerFactory loggers) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(options.Value.MaxActiveTasks);
    private readonly ILogger _logger = loggers.CreateLogger<TaskExecutor>();

    /// <summary>Runs try after try, with the retry delays between them.</summary>
    /// <param name="stopping">The host stops, or the run is lost: the try is cancelled and not counted.</param>
    /// <exception cref="OperationCanceledException">Interrupted; the task instance was left so that it can be resumed.</exception>
    public async Task<TaskInstance> RunAsync(DagTask task, DagRun run, TaskInstance current, CancellationToken stopping)
    {
        while (true)
        {
            current = await WaitForRetryAsync(current, stopping);
            current = await QueueAsync(current, stopping);
            await _slots.WaitAsync(stopping);
            try
            {
                current = await RunTryAsync(task, run, current, stopping);
            }
            finally
            {
                _slots.Release();
            }

            if (current.State.IsFinished())
            {
                return current;
            }
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task<TaskInstance> WaitForRetryAsync(TaskInstance current, CancellationToken stopping)
    {
        if (current.State == TaskInstanceState.UpForRetry && current.NextRetryAt is { } due && due - clock.GetUtcNow() is { Ticks: > 0 } wait)
        {
            await Task.Delay(wait, clock, stopping);
        }

        return current;
    }

    private async Task<TaskInstance> QueueAsync(TaskInstance current, CancellationToken stopping)
    {
        var now = clock.GetUtcNow();
        var queued = current.State == TaskInstanceState.Scheduled ? current : current.Apply(TaskInstanceEvent.Schedule, now);
        return await SaveAsync(current, queued.Apply(TaskInstanceEvent.Queue, now), [], [], stopping);
    }

    private async Task<TaskInstance> RunTryAsync(DagTask task, DagRun run, TaskInstance queued, CancellationToken stopping)
    {
        var running = await SaveAsync(queued, queued.Apply(TaskInstanceEvent.Start, clock.GetUtcNow()), [], [], stopping);
        using var activity = SchedulingActivitySource.StartTask(run, running);
        await using var scope = scopes.CreateAsyncScope();
        await using var log = new TaskLog(running, store, loggers.CreateLogger($"{typeof(Dag).Namespace}.{run.DagId}.{task.Id}"), clock);
        log.Start();
        log.TryStarted(running.TryNumber, running.MaxTries + 1, run.DataInterval);

        var context = new TaskContext(
            run, running, scope.ServiceProvider, log, new RunFiles(dataDirectory.FullPath, run.DagId, run.RunId), store, clock);
        var outcome = await TryAsync(task, context, log, stopping);
        var results = context.End();

        var (ended, kept) = Decide(task, running, outcome, log);
        instruments.TaskEnded(ended, running);
        SchedulingActivitySource.EndTask(activity, ended, outcome.Error);

        // Also when the host stops: what the try did is known, and must be written before the process goes.
        await SaveAsync(running, ended, kept ? results : [], await log.EndAsync(), CancellationToken.None);
        stopping.ThrowIfCancellationRequested();
        return ended;
    }

    private (TaskInstance Ended, bool KeepResults) Decide(DagTask task, TaskInstance running, TryOutcome outcome, TaskLog log)
    {
        var now = clock.GetUtcNow();
        var sentence = outcome.Error?.Message;
        switch (outcome.Kind)
        {
            case TryOutcomeKind.Success:
                log.TrySucceeded();
                return (running.Apply(TaskInstanceEvent.Succeed, now), true);
            case TryOutcomeKind.Skipped:
                log.TrySkipped(sentence!);
                return (running.Apply(TaskInstanceEvent.Skip, now) with { Error = sentence }, true);
            case TryOutcomeKind.Interrupted:
                log.TryInterrupted();
                return (running.Apply(TaskInstanceEvent.Retry, now) with { MaxTries = running.MaxTries + 1, NextRetryAt = now, Error = "Interrupted by a stop of the scheduler." }, false);
            case TryOutcomeKind.Failed when outcome.MayRetry && running.HasTriesLeft:
                var delay = task.RetryDelay.After(running.TryNumber, Random.Shared.NextDouble());
                delay = outcome.RetryAfter > delay ? outcome.RetryAfter : delay;
                log.TryFailedRetrying(sentence!, delay.TotalSeconds);
                return (running.Apply(TaskInstanceEvent.Retry, now) with { NextRetryAt = now + delay, Error = sentence }, false);
            default:
                log.TryFailed(sentence!);
                return (running.Apply(TaskInstanceEvent.Fail, now) with { Error = sentence }, false);
        }
    }

    /// <summary>Runs the task's function with its timeout. Does not throw: how it ended is a value.</summary>
    private async Task<TryOutcome> TryAsync(DagTask task, TaskContext context, TaskLog log, CancellationToken stopping)
    {
        using var timeout = new CancellationTokenSource(task.Timeout, clock);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(stopping, timeout.Token);

        // On the pool: a task that blocks before its first await must not hold up the others, nor its own timeout.
        var work = Task.Run(() => task.Run(context, cancel.Token), CancellationToken.None);
        try
        {
            await work.WaitAsync(cancel.Token);
            return TryOutcome.Success;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return await AfterCancellationAsync(task, context, work, log, timeout.IsCancellationRequested && !stopping.IsCancellationRequested);
        }
        catch (Exception e)
        {
            return TryOutcome.From(e);
        }
    }

    /// <summary>Gives a cancelled try a little time to return; then leaves it behind.</summary>
    private async Task<TryOutcome> AfterCancellationAsync(DagTask task, TaskContext context, Task work, TaskLog log, bool timedOut)
    {
        var ignored = false;
        try
        {
            await work.WaitAsync(options.Value.CancellationGrace, clock);
            return TryOutcome.Success;
        }
        catch (TimeoutException) when (!work.IsCompleted)
        {
            ignored = true;
            instruments.TaskAbandoned(context.DagId, context.TaskId);
            log.TryAbandoned(options.Value.CancellationGrace.TotalSeconds);
            _ = work.ContinueWith(
                ended => _logger.AbandonedTryEnded(context.DagId, context.RunId, context.TaskId, context.TryNumber, ended.Exception?.InnerException?.Message ?? "no error"),
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
        catch (Exception e) when (timedOut && e is not OperationCanceledException)
        {
            return TryOutcome.From(e);
        }
        catch (Exception)
        {
            // Interrupted work may end any way it likes; it will be done again.
        }

        return timedOut
            ? TryOutcome.From(new TimeoutException(
                $"Timed out after {task.Timeout.TotalSeconds:0.###} s{(ignored ? " and ignored its cancellation; it was abandoned" : "")}."))
            : TryOutcome.Interrupted;
    }

    private async Task<TaskInstance> SaveAsync(
        TaskInstance from, TaskInstance to, IReadOnlyList<XCom> results, IReadOnlyList<TaskLogLine> lines, CancellationToken cancellationToken)
    {
        await store.SaveAsync(from, to, instance.Id, results, lines, cancellationToken);
        return to;
    }
}
