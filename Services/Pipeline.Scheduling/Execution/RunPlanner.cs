namespace Pipeline.Scheduling.Execution;

/// <summary>What a run needs next.</summary>
/// <param name="Endings">Task instances that end without running, in topological order.</param>
/// <param name="Ready">Tasks that can run now, the heaviest first.</param>
/// <param name="NextRetryAt">When the next retry is due.</param>
/// <param name="IsComplete">Every task has ended.</param>
internal sealed record RunPlan(IReadOnlyList<TaskEnding> Endings, IReadOnlyList<DagTask> Ready, DateTimeOffset? NextRetryAt, bool IsComplete);

internal readonly record struct TaskEnding(string TaskId, TaskInstanceEvent Happened);

/// <summary>Reads off the states of a run's task instances what comes next. Pure: the executor does it, and tests enumerate it.</summary>
internal static class RunPlanner
{
    /// <param name="active">Tasks with a try under way.</param>
    public static RunPlan Plan(Dag dag, IReadOnlyDictionary<string, TaskInstance> tasks, IReadOnlySet<string> active, DateTimeOffset now)
    {
        var states = new Dictionary<string, TaskInstanceState>(dag.Tasks.Count, StringComparer.Ordinal);
        var endings = new List<TaskEnding>();
        var ready = new List<DagTask>();
        DateTimeOffset? nextRetry = null;
        var complete = true;
        foreach (var task in dag.Tasks)
        {
            // In topological order, so that one pass carries an ending to the last task downstream.
            var current = tasks[task.Id];
            states[task.Id] = current.State;
            if (active.Contains(task.Id) || !current.State.IsWaiting())
            {
                complete &= current.State.IsFinished();
                continue;
            }

            // What had been scheduled before has its trigger rule behind it.
            var happened = current.State == TaskInstanceState.None
                ? TriggerRules.Evaluate(task.TriggerRule, dag.Upstream(task.Id).Select(upstream => states[upstream]))
                : TaskInstanceEvent.Schedule;
            if (happened is { } ends && ends != TaskInstanceEvent.Schedule)
            {
                endings.Add(new TaskEnding(task.Id, ends));
                states[task.Id] = TaskInstanceTransitions.Next(current.State, ends)!.Value;
                continue;
            }

            complete = false;
            if (happened is null)
            {
                continue;
            }

            if (current.State == TaskInstanceState.UpForRetry && current.NextRetryAt is { } due && due > now)
            {
                nextRetry = nextRetry is { } earlier && earlier < due ? earlier : due;
            }
            else
            {
                ready.Add(task);
            }
        }

        return new RunPlan(endings, [.. ready.OrderByDescending(task => dag.Priority(task.Id))], nextRetry, complete);
    }

    /// <summary>How a complete run ended: by its leaves.</summary>
    public static DagRunEvent Outcome(Dag dag, IReadOnlyDictionary<string, TaskInstance> tasks)
        => dag.Leaves.Any(leaf => tasks[leaf].State is TaskInstanceState.Failed or TaskInstanceState.UpstreamFailed) ? DagRunEvent.Fail : DagRunEvent.Succeed;

    /// <summary>Since when a task that is ready could have run.</summary>
    public static DateTimeOffset ReadySince(Dag dag, DagRun run, IReadOnlyDictionary<string, TaskInstance> tasks, string taskId)
    {
        if (tasks[taskId] is { State: TaskInstanceState.UpForRetry, NextRetryAt: { } due })
        {
            return due;
        }

        var since = run.StartDate ?? run.QueuedAt;
        foreach (var upstream in dag.Upstream(taskId))
        {
            since = tasks[upstream].EndDate is { } end && end > since ? end : since;
        }

        return since;
    }
}
