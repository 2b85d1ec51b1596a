namespace Pipeline.Scheduling;

/// <summary>Where a task instance stands, in Airflow's words; the wire name is the snake_case name.</summary>
public enum TaskInstanceState : byte
{
    /// <summary>Waits for its upstream tasks.</summary>
    None,

    /// <summary>Its trigger rule holds; waits for room in its pool or in its run.</summary>
    Scheduled,

    /// <summary>Waits for a free slot of the executor.</summary>
    Queued,
    Running,

    /// <summary>A try failed and another will follow.</summary>
    UpForRetry,
    Success,
    Failed,

    /// <summary>Not run because an upstream task failed.</summary>
    UpstreamFailed,

    /// <summary>Not run because it, or an upstream task, asked to be skipped.</summary>
    Skipped,

    /// <summary>The code has no such task any more.</summary>
    Removed,
}

/// <summary>What can happen to a task instance.</summary>
public enum TaskInstanceEvent : byte
{
    /// <summary>Its trigger rule holds, its retry is due, or the executor that had queued it is gone.</summary>
    Schedule,
    Queue,
    Start,
    Succeed,

    /// <summary>The last try failed.</summary>
    Fail,

    /// <summary>A try failed, was interrupted or lost its executor, and tries are left.</summary>
    Retry,
    UpstreamFail,
    Skip,
    Remove,

    /// <summary>It is to run again.</summary>
    Clear,

    /// <summary>A person decided how it ended.</summary>
    MarkSuccess,

    /// <inheritdoc cref="MarkSuccess"/>
    MarkFailed,

    /// <inheritdoc cref="MarkSuccess"/>
    MarkSkipped,
}

public static class TaskInstanceTransitions
{
    /// <summary>The state after an event, or <see langword="null"/> when the event is refused in this state.</summary>
    public static TaskInstanceState? Next(TaskInstanceState state, TaskInstanceEvent happened) => (state, happened) switch
    {
        (TaskInstanceState.None, TaskInstanceEvent.Schedule) => TaskInstanceState.Scheduled,
        (TaskInstanceState.None, TaskInstanceEvent.UpstreamFail) => TaskInstanceState.UpstreamFailed,
        (TaskInstanceState.Scheduled, TaskInstanceEvent.Queue) => TaskInstanceState.Queued,
        (TaskInstanceState.Queued, TaskInstanceEvent.Start) => TaskInstanceState.Running,
        (TaskInstanceState.Queued, TaskInstanceEvent.Schedule) => TaskInstanceState.Scheduled,
        (TaskInstanceState.Running, TaskInstanceEvent.Succeed) => TaskInstanceState.Success,
        (TaskInstanceState.Running, TaskInstanceEvent.Fail) => TaskInstanceState.Failed,
        (TaskInstanceState.Running, TaskInstanceEvent.Retry) => TaskInstanceState.UpForRetry,
        (TaskInstanceState.UpForRetry, TaskInstanceEvent.Schedule) => TaskInstanceState.Scheduled,
        (TaskInstanceState.Running, TaskInstanceEvent.Skip) => TaskInstanceState.Skipped,
        ({ } waiting, TaskInstanceEvent.Skip) when waiting.IsWaiting() => TaskInstanceState.Skipped,
        ({ } waiting, TaskInstanceEvent.Remove) when waiting.IsWaiting() => TaskInstanceState.Removed,
        (not TaskInstanceState.None, TaskInstanceEvent.Clear) => TaskInstanceState.None,
        (not (TaskInstanceState.Success or TaskInstanceState.Removed), TaskInstanceEvent.MarkSuccess) => TaskInstanceState.Success,
        (not (TaskInstanceState.Failed or TaskInstanceState.Removed), TaskInstanceEvent.MarkFailed) => TaskInstanceState.Failed,
        (not (TaskInstanceState.Skipped or TaskInstanceState.Removed), TaskInstanceEvent.MarkSkipped) => TaskInstanceState.Skipped,
        _ => null,
    };

    /// <summary>Not begun, or between two tries.</summary>
    public static bool IsWaiting(this TaskInstanceState state)
        => state is TaskInstanceState.None or TaskInstanceState.Scheduled or TaskInstanceState.Queued or TaskInstanceState.UpForRetry;

    public static bool IsFinished(this TaskInstanceState state) => !state.IsWaiting() && state != TaskInstanceState.Running;

    /// <summary>
    /// Whether one write may take a task instance from a state to another: an event does, or several that follow each other through
    /// <c>scheduled</c> and <c>queued</c>, where nothing waits. The table <c>task_instance_transition</c> holds the same pairs.
    /// </summary>
    public static bool CanBeWritten(TaskInstanceState from, TaskInstanceState to)
        => Enum.GetValues<TaskInstanceEvent>().Any(happened => Next(from, happened) is { } next
            && (next == to || (IsPassedThrough(from, next, happened) && CanBeWritten(next, to))));

    private static bool IsPassedThrough(TaskInstanceState from, TaskInstanceState next, TaskInstanceEvent happened)
        => (next is TaskInstanceState.Scheduled && from is TaskInstanceState.None or TaskInstanceState.UpForRetry && happened == TaskInstanceEvent.Schedule)
        || (next is TaskInstanceState.Queued && happened == TaskInstanceEvent.Queue);
}
