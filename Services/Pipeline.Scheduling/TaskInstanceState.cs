namespace Pipeline.Scheduling;

/// <summary>Where a task instance stands, in Airflow's words; the wire name is the snake_case name.</summary>
public enum TaskInstanceState : byte
{
    /// <summary>Waits for its upstream tasks.</summary>
    None,

    /// <summary>Its trigger rule holds.</summary>
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
}

public static class TaskInstanceTransitions
{
    /// <summary>The state after an event, or <see langword="null"/> when the event is refused in this state.</summary>
    public static TaskInstanceState? Next(TaskInstanceState state, TaskInstanceEvent happened) => (state, happened) switch
    {
        (TaskInstanceState.None, TaskInstanceEvent.Schedule) => TaskInstanceState.Scheduled,
        (TaskInstanceState.None, TaskInstanceEvent.UpstreamFail) => TaskInstanceState.UpstreamFailed,
        (TaskInstanceState.None, TaskInstanceEvent.Skip) => TaskInstanceState.Skipped,
        (TaskInstanceState.Scheduled, TaskInstanceEvent.Queue) => TaskInstanceState.Queued,
        (TaskInstanceState.Queued, TaskInstanceEvent.Start) => TaskInstanceState.Running,
        (TaskInstanceState.Queued, TaskInstanceEvent.Schedule) => TaskInstanceState.Scheduled,
        (TaskInstanceState.Running, TaskInstanceEvent.Succeed) => TaskInstanceState.Success,
        (TaskInstanceState.Running, TaskInstanceEvent.Fail) => TaskInstanceState.Failed,
        (TaskInstanceState.Running, TaskInstanceEvent.Retry) => TaskInstanceState.UpForRetry,
        (TaskInstanceState.Running, TaskInstanceEvent.Skip) => TaskInstanceState.Skipped,
        (TaskInstanceState.UpForRetry, TaskInstanceEvent.Schedule) => TaskInstanceState.Scheduled,
        _ => null,
    };

    public static bool IsFinished(this TaskInstanceState state)
        => state is TaskInstanceState.Success or TaskInstanceState.Failed or TaskInstanceState.UpstreamFailed or TaskInstanceState.Skipped;
}
