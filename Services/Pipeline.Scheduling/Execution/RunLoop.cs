using Microsoft.Extensions.Logging;
using Pipeline.Scheduling.Diagnostics;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Scheduling.Execution;

/// <summary>
/// One claimed run under way: asks the plan what comes next, starts tries, waits for them to end. What stands in the database is the truth: whenever
/// somebody may have changed it, the loop reads it again and goes on from there. Resuming a run is the same thing with some states given.
/// </summary>
internal sealed class RunLoop
{
    private const string OrphanError = "The scheduler that ran this try is gone.";

    private readonly Dictionary<string, ActiveTry> _active = new(StringComparer.Ordinal);
    private readonly HashSet<string> _activeIds = new(StringComparer.Ordinal);
    private readonly List<Task> _callbacks = [];
    private Dictionary<string, TaskInstance> _tasks = new(StringComparer.Ordinal);
    private readonly RunServices _services;
    private readonly Dag _code;
    private readonly RunControl _control;
    private Claim _claim;
    private Dag _dag;
    private bool _isPaused;
    private bool _mustLoad = true;
    private bool _isLost;
    private bool _isTimedOut;

    /// <param name="code">The DAG as this process has it.</param>
    public RunLoop(RunServices services, Dag code, Claim claim, RunControl control)
    {
        _services = services;
        _code = _dag = code;
        _claim = claim;
        _control = control;
    }

    /// <summary>Works on the run until it has ended, or is not this instance's any more.</summary>
    /// <returns>The finished run; <see langword="null"/> when it was released or lost.</returns>
    public async Task<DagRun?> RunAsync()
    {
        using var activity = SchedulingActivitySource.StartRun(_claim.Run);
        if (_claim.Run.TraceParent is null && activity?.Id is { } id)
        {
            _claim = _claim with { Run = _claim.Run with { TraceParent = id } };
            await _services.Persistence.WriteAsync(session => ClaimTable.SaveTraceParent(session, _claim.Run.Id, id));
        }

        try
        {
            while (!_isLost)
            {
                if (await StepAsync() is { } finished)
                {
                    return finished.Run;
                }
            }

            _services.Logger.RunLost(new DagRunLostException(_claim.Run.DagId, _claim.Run.RunId).Message);
            return null;
        }
        finally
        {
            await EndTriesAsync();
            await Task.WhenAll(_callbacks);
        }
    }

    /// <summary>One look at the run. Returns how the loop ends, when it does.</summary>
    private async Task<LoopEnd?> StepAsync()
    {
        if (_mustLoad)
        {
            _mustLoad = false;
            await LoadAsync();
            return null;
        }

        CheckTimeout();
        var plan = RunPlanner.Plan(_dag, _tasks, _activeIds, Now());
        if (_isTimedOut && plan is { IsComplete: false })
        {
            plan = new RunPlan([.. _dag.Tasks.Where(task => _tasks[task.Id].State.IsWaiting() && !_activeIds.Contains(task.Id)).Select(task => new TaskEnding(task.Id, TaskInstanceEvent.Skip))], [], null, false);
        }

        if (plan.Endings.Count > 0)
        {
            await EndWithoutRunningAsync(plan.Endings);
            return null;
        }

        if (!_control.IsDraining && !_isPaused)
        {
            StartReady(plan.Ready);
        }

        if (_active.Count == 0 && (plan.IsComplete || _control.IsDraining))
        {
            return plan.IsComplete ? await FinishAsync() : await ReleaseAsync();
        }

        _control.ActiveTries = _active.Count;
        await WaitAsync(plan.NextRetryAt);
        return null;
    }

    /// <summary>Reads the run as it stands. Tries whose task instance somebody has moved are cancelled; those that nobody runs any more are decided.</summary>
    private async Task LoadAsync()
    {
        var (row, tasks, paused) = await _services.Persistence.ReadAsync(session => (
            DagRunTable.FindRow(session, _claim.Run.DagId, _claim.Run.RunId),
            TaskInstanceTable.List(session, _claim.Run.DagId, _claim.Run.RunId),
            DagTable.FindSchedule(session, _claim.Run.DagId)?.IsPaused ?? false));
        if (row is null || row.State != DagRunState.Running.ToWireName() || row.ClaimedBy != _claim.Owner || row.FencingToken != _claim.Token)
        {
            _isLost = true;
            return;
        }

        var run = row.ToModel() with { TraceParent = _claim.Run.TraceParent };
        _claim = _claim with { Run = run, Revision = row.Revision };
        _isPaused = paused;
        _dag = await _services.Versions.FindAsync(_code, run.DagVersionId);
        _tasks = tasks.ToDictionary(task => task.TaskId, StringComparer.Ordinal);
        if (_dag.Tasks.Any(task => !_tasks.ContainsKey(task.Id)))
        {
            await _services.Persistence.WriteAsync(session =>
            {
                TaskInstanceTable.InsertMissing(session, _dag, run);
                return true;
            });
            _mustLoad = true;
            return;
        }

        foreach (var (taskId, active) in _active)
        {
            // How it ends may be older than what was read now.
            active.MustLoadAfter = true;
            if (_tasks[taskId] is not { State: TaskInstanceState.Running } stored || stored.TryNumber != active.TryNumber)
            {
                // Not begun yet is no change: its start will be refused if somebody has been there.
                active.CancelWhenBegun(_tasks[taskId]);
            }
        }

        await RecoverOrphanedTriesAsync();
        await RemoveUnknownAsync();
    }

    /// <summary>
    /// A try that was under way when its scheduler died: nobody knows how far it came. It counts as a failed try, because a task that kills its
    /// process must not do so for ever. One that this living instance lost hold of is no fault of the task.
    /// </summary>
    private async Task RecoverOrphanedTriesAsync()
    {
        foreach (var orphan in _tasks.Values.Where(task => task.State == TaskInstanceState.Running && !_active.ContainsKey(task.TaskId)).ToList())
        {
            var now = Now();
            var next = _claim.WasOwn
                ? orphan.Apply(TaskInstanceEvent.Retry, now) with { MaxTries = orphan.MaxTries + 1, NextRetryAt = now, Error = "Interrupted: the scheduler had lost its hold on the run." }
                : orphan.HasTriesLeft
                    ? orphan.Apply(TaskInstanceEvent.Retry, now) with { NextRetryAt = now, Error = OrphanError }
                    : orphan.Apply(TaskInstanceEvent.Fail, now) with { Error = OrphanError };
            _services.Logger.OrphanedTry(orphan.DagId, orphan.RunId, orphan.TaskId, orphan.TryNumber, next.State.ToWireName());
            await MoveAsync(orphan, next);
        }
    }

    /// <summary>Task instances that the code has no task for any more.</summary>
    private async Task RemoveUnknownAsync()
    {
        foreach (var unknown in _tasks.Values.Where(task => task.State.IsWaiting() && _dag.FindTask(task.TaskId) is null).ToList())
        {
            await MoveAsync(unknown, unknown.Apply(TaskInstanceEvent.Remove, Now()));
        }
    }

    private async Task EndWithoutRunningAsync(IReadOnlyList<TaskEnding> endings)
    {
        var moves = endings.Select(ending => (From: _tasks[ending.TaskId], To: _tasks[ending.TaskId].Apply(ending.Happened, Now()))).ToList();
        var saved = await _services.Persistence.WriteAsync(session => TaskInstanceTable.SaveAll(session, [.. moves.Select(move => new TaskMove(_claim, move.From, move.To))]));
        foreach (var (move, isSaved) in moves.Zip(saved))
        {
            _mustLoad |= !isSaved;
            _tasks[move.To.TaskId] = isSaved ? move.To : move.From;
        }
    }

    private async Task MoveAsync(TaskInstance from, TaskInstance to)
    {
        if (await _services.Persistence.MoveAsync(new TaskMove(_claim, from, to)))
        {
            _tasks[to.TaskId] = to;
            _services.Callbacks.Start(_callbacks, _dag, _claim.Run, to);
        }
        else
        {
            _mustLoad = true;
        }
    }

    private void StartReady(IReadOnlyList<DagTask> ready)
    {
        foreach (var task in ready.Take(_dag.MaxActiveTasks - _active.Count))
        {
            var current = _tasks[task.Id];
            var active = new ActiveTry(current.TryNumber + 1, _control.Interrupted);
            _active.Add(task.Id, active);
            _activeIds.Add(task.Id);
            active.Work = Task.Run(() => RunTryAsync(task, current, active, RunPlanner.ReadySince(_dag, _claim.Run, _tasks, task.Id)), CancellationToken.None);
        }
    }

    private async Task RunTryAsync(DagTask task, TaskInstance current, ActiveTry active, DateTimeOffset readySince)
    {
        try
        {
            var ended = await _services.Tasks.RunAsync(_dag, task, _claim, current, readySince, _control, active.Cancel.Token);
            _control.Signal(new RunSignal(task.Id, ended));
        }
        catch (OperationCanceledException)
        {
            _control.Signal(new RunSignal(task.Id));
        }
        catch (Exception e)
        {
            _control.Signal(new RunSignal(task.Id, Fault: e));
        }
    }

    private async Task WaitAsync(DateTimeOffset? nextRetryAt)
    {
        var until = _claim.Run.StartDate + _dag.RunTimeout is { } timeout && !_isTimedOut && !(nextRetryAt < timeout) ? timeout : nextRetryAt;
        if (until is not { } at)
        {
            await ReadSignalsAsync(CancellationToken.None);
            return;
        }

        using var timer = new CancellationTokenSource(TimeSpan.FromMilliseconds(Math.Clamp((at - Clock.GetUtcNow()).TotalMilliseconds, 1, int.MaxValue)), Clock);
        await ReadSignalsAsync(timer.Token);
    }

    private async Task ReadSignalsAsync(CancellationToken limit)
    {
        try
        {
            Handle(await _control.Signals.ReadAsync(limit));
        }
        catch (OperationCanceledException)
        {
            // It is time.
            return;
        }

        while (_control.Signals.TryRead(out var signal))
        {
            Handle(signal);
        }
    }

    private void Handle(RunSignal signal)
    {
        _mustLoad |= signal.IsChanged;
        if (signal.TaskId is not { } taskId)
        {
            return;
        }

        _active.Remove(taskId, out var active);
        _activeIds.Remove(taskId);
        active?.Dispose();
        if (signal.Fault is { } fault)
        {
            throw new RunStalledException(fault);
        }

        _mustLoad |= signal.Ended is null || active is { MustLoadAfter: true };
        if (signal.Ended is { } ended)
        {
            _tasks[taskId] = ended;
            _services.Callbacks.Start(_callbacks, _dag, _claim.Run, ended);
        }
    }

    private void CheckTimeout()
    {
        if (!_isTimedOut && _claim.Run.StartDate + _dag.RunTimeout <= Clock.GetUtcNow())
        {
            _isTimedOut = true;
            _services.Logger.RunTimedOut(_claim.Run.DagId, _claim.Run.RunId, _dag.RunTimeout!.Value.TotalSeconds);
            foreach (var active in _active.Values)
            {
                active.Cancel.Cancel();
            }
        }
    }

    private async Task<LoopEnd?> FinishAsync()
    {
        var outcome = _isTimedOut ? DagRunEvent.Fail : RunPlanner.Outcome(_dag, _tasks);
        var finished = _claim.Run.Apply(outcome, Now());
        if (!await _services.Persistence.WriteAsync(session => ClaimTable.Finish(session, _claim, finished)))
        {
            _mustLoad = true;
            return null;
        }

        _services.Instruments.RunEnded(finished);
        if (outcome == DagRunEvent.Fail)
        {
            var causes = _tasks.Values.Where(task => task.State == TaskInstanceState.Failed).Select(task => $"{task.TaskId}: {task.Error}");
            _services.Logger.RunFailed(finished.DagId, finished.RunId, _isTimedOut ? "It timed out." : string.Join("; ", causes));
        }
        else
        {
            _services.Logger.RunSucceeded(finished.DagId, finished.RunId, (finished.EndDate - finished.StartDate)?.TotalSeconds ?? 0);
        }

        _services.Callbacks.Start(_callbacks, _dag, finished);
        return new LoopEnd(finished);
    }

    private async Task<LoopEnd> ReleaseAsync()
    {
        await _services.Persistence.WriteAsync(session => ClaimTable.Release(session, _claim));
        _services.Logger.RunInterrupted(_claim.Run.DagId, _claim.Run.RunId);
        return new LoopEnd(null);
    }

    /// <summary>Whatever ended the loop: no try outlives it.</summary>
    private async Task EndTriesAsync()
    {
        foreach (var active in _active.Values)
        {
            await active.Cancel.CancelAsync();
        }

        await Task.WhenAll(_active.Values.Select(active => active.Work));
        foreach (var active in _active.Values)
        {
            active.Dispose();
        }
    }

    private DateTimeOffset Now() => UnixTime.Cut(Clock.GetUtcNow());

    private TimeProvider Clock => _services.Clock;

    /// <param name="Run">The finished run; <see langword="null"/> when it was given up.</param>
    private sealed record LoopEnd(DagRun? Run);

    private sealed class ActiveTry(int tryNumber, CancellationToken interrupted) : IDisposable
    {
        public int TryNumber { get; } = tryNumber;

        public CancellationTokenSource Cancel { get; } = CancellationTokenSource.CreateLinkedTokenSource(interrupted);

        public Task Work { get; set; } = Task.CompletedTask;

        public bool MustLoadAfter { get; set; }

        /// <summary>Cancels the try when the stored task instance shows that it began and was moved since.</summary>
        public void CancelWhenBegun(TaskInstance stored)
        {
            if (stored.TryNumber >= TryNumber || stored.State.IsFinished())
            {
                Cancel.Cancel();
            }
        }

        public void Dispose() => Cancel.Dispose();
    }
}

/// <summary>The bookkeeping of a run broke: the metadata database stayed away for longer than the lease, or refuses.</summary>
internal sealed class RunStalledException(Exception innerException) : Exception(innerException.Message, innerException);
