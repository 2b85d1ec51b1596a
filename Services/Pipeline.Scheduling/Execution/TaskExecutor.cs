using System.Runtime.ExceptionServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;
using Pipeline.Sqlite;

namespace Pipeline.Scheduling.Execution;

/// <summary>Takes one task instance through one try: slot, pool, start, work, end. Each state is stored before what follows it begins.</summary>
internal sealed class TaskExecutor(
    Persistence persistence,
    MetadataDatabase database,
    InstanceLease lease,
    TaskSlots slots,
    PoolSignal pools,
    IServiceScopeFactory scopes,
    DataDirectory dataDirectory,
    IOptions<SchedulingOptions> options,
    SchedulingInstruments instruments,
    TimeProvider clock,
    ILoggerFactory loggers)
{
    /// <summary>A wait that is shorter than this is not worth a write.</summary>
    private static readonly TimeSpan VisibleWait = TimeSpan.FromMilliseconds(200);

    private readonly ILogger _logger = loggers.CreateLogger<TaskExecutor>();

    /// <summary>Runs one try.</summary>
    /// <param name="readySince">When it could have begun, to measure the delay.</param>
    /// <param name="control">Of its run.</param>
    /// <param name="cancel">The try is not wanted any more: it is cancelled and not counted.</param>
    /// <returns>The task instance as the try left it; <see langword="null"/> when it is not for this instance to move any more.</returns>
    /// <exception cref="OperationCanceledException">Cancelled before it began.</exception>
    /// <exception cref="DataDirectoryException">This scheduler cannot write its files, so that no try can succeed here; this one is not counted.</exception>
    public async Task<TaskInstance?> RunAsync(Dag dag, DagTask task, Claim claim, TaskInstance current, DateTimeOffset readySince, RunControl control, CancellationToken cancel)
    {
        var priority = dag.Priority(task.Id);
        while (true)
        {
            current = await TakeSlotAsync(claim, current, priority, cancel);
            var slot = new TrySlot(slots, priority, control);
            try
            {
                var running = ToRunning(current);
                switch (await persistence.StartAsync(new TaskMove(claim, current, running)))
                {
                    case TryStartResult.Started:
                        instruments.TaskStarted(running, readySince);
                        return await RunTryAsync(dag, task, claim, running, slot, cancel);
                    case TryStartResult.Refused:
                        return null;
                }
            }
            finally
            {
                slot.Close();
            }

            // The pool is full. Its slot is free for others; it is asked again when a task of this process ends in the pool, or after a while.
            current = await ShowWaitAsync(claim, current, TaskInstanceEvent.Schedule);
            await pools.WaitAsync(task.Pool, cancel);
        }
    }

    private async Task<TaskInstance> TakeSlotAsync(Claim claim, TaskInstance current, int priority, CancellationToken cancel)
    {
        if (slots.TryTake())
        {
            return current;
        }

        var taken = slots.TakeAsync(priority, cancel);
        if (await Task.WhenAny(taken, Task.Delay(VisibleWait, clock, cancel)) != taken)
        {
            try
            {
                current = await ShowWaitAsync(claim, current, TaskInstanceEvent.Queue);
            }
            catch
            {
                await ReturnAsync(taken);
                throw;
            }
        }

        await taken;
        return current;
    }

    private async Task ReturnAsync(Task taken)
    {
        await taken.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (taken.IsCompletedSuccessfully)
        {
            slots.Release();
        }
    }

    /// <summary>Lets people see what a task instance waits for: <c>queued</c> for a slot of this instance, <c>scheduled</c> for its pool.</summary>
    private async Task<TaskInstance> ShowWaitAsync(Claim claim, TaskInstance current, TaskInstanceEvent waits)
    {
        var now = Now();
        var shown = current;
        if (shown.State is TaskInstanceState.None or TaskInstanceState.UpForRetry || (waits == TaskInstanceEvent.Schedule && shown.State == TaskInstanceState.Queued))
        {
            shown = shown.Apply(TaskInstanceEvent.Schedule, now);
        }

        if (waits == TaskInstanceEvent.Queue && shown.State == TaskInstanceState.Scheduled)
        {
            shown = shown.Apply(TaskInstanceEvent.Queue, now);
        }

        // Refused: the start will be refused as well, and tell.
        return shown == current || !await persistence.MoveAsync(new TaskMove(claim, current, shown)) ? current : shown;
    }

    private TaskInstance ToRunning(TaskInstance current)
    {
        var now = Now();
        var next = current.State is TaskInstanceState.None or TaskInstanceState.UpForRetry ? current.Apply(TaskInstanceEvent.Schedule, now) : current;
        next = next.State == TaskInstanceState.Scheduled ? next.Apply(TaskInstanceEvent.Queue, now) : next;
        return next.Apply(TaskInstanceEvent.Start, now) with { Hostname = lease.Instance.Hostname, Pid = lease.Instance.Pid };
    }

    private async Task<TaskInstance?> RunTryAsync(Dag dag, DagTask task, Claim claim, TaskInstance running, TrySlot slot, CancellationToken cancel)
    {
        var run = claim.Run;
        using var activity = SchedulingActivitySource.StartTask(run, running);
        // What is logged on the way, by clients too, says for which try it was; under the names that spans have.
        using var named = _logger.BeginScope(SchedulingActivitySource.NamesOf(run, running));
        await using var scope = scopes.CreateAsyncScope();
        await using var log = new TaskLog(running, database, loggers.CreateLogger($"{typeof(Dag).Namespace}.{run.DagId}.{task.Id}"), clock);
        log.Start();
        log.TryStarted(running.TryNumber, running.MaxTries + 1, run.DataInterval);

        var context = new TaskContext(
            dag, run, running, claim.Token, scope.ServiceProvider, log, new RunFiles(dataDirectory.FullPath, run.DagId, run.RunId), database, slot, clock);

        // Between the start and here the process may have been stopped for longer than its lease; then somebody else runs this by now.
        var outcome = lease.IsValid ? await TryAsync(task, context, log, cancel) : TryOutcome.Interrupted;
        var results = context.End();

        var (ended, kept) = Decide(task, running, outcome, log);
        instruments.TaskEnded(ended, running);
        SchedulingActivitySource.EndTask(activity, ended, outcome.Error);

        var lines = await log.EndAsync();
        IReadOnlyList<AssetUpdate> updates = ended.State == TaskInstanceState.Success ? [.. task.Outlets.Select(asset => new AssetUpdate(asset, context.AssetExtra(asset)))] : [];
        var saved = await persistence.EndAsync(new TryEnd(new TaskMove(claim, running, ended), kept ? results : [], lines, updates, IsRepeated: false));
        pools.Set(task.Pool);
        if (outcome is { Kind: TryOutcomeKind.Interrupted, Error: { } unfit })
        {
            ExceptionDispatchInfo.Throw(unfit);
        }

        return saved ? ended : null;
    }

    private (TaskInstance Ended, bool KeepResults) Decide(DagTask task, TaskInstance running, TryOutcome outcome, TaskLog log)
    {
        var now = Now();
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
                sentence ??= "Interrupted by a stop of the scheduler.";
                log.TryInterrupted(sentence);
                return (running.Apply(TaskInstanceEvent.Retry, now) with { MaxTries = running.MaxTries + 1, NextRetryAt = now, Error = sentence }, false);
            case TryOutcomeKind.Failed when outcome.MayRetry && running.HasTriesLeft:
                var delay = task.RetryDelay.After(running.TryNumber, Random.Shared.NextDouble());
                delay = outcome.RetryAfter > delay ? outcome.RetryAfter : delay;
                log.TryFailedRetrying(sentence!, delay.TotalSeconds);
                return (running.Apply(TaskInstanceEvent.Retry, now) with { NextRetryAt = UnixTime.Cut(now + delay), Error = sentence }, false);
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

    private DateTimeOffset Now() => UnixTime.Cut(clock.GetUtcNow());
}
