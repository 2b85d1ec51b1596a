namespace Pipeline.Scheduling;

/// <summary>Where a run stands, in Airflow's words; the wire name is the lower-case name.</summary>
public enum DagRunState : byte
{
    Queued,
    Running,
    Success,
    Failed,
}

/// <summary>What can happen to a run.</summary>
public enum DagRunEvent : byte
{
    Start,
    Succeed,
    Fail,

    /// <summary>Task instances of it are to run again.</summary>
    Clear,

    /// <summary>A person decided how it ended.</summary>
    MarkSuccess,

    /// <inheritdoc cref="MarkSuccess"/>
    MarkFailed,
}

/// <summary>Why a run exists; the wire name is the snake_case name.</summary>
public enum DagRunType : byte
{
    Scheduled,
    Manual,
    Backfill,
    AssetTriggered,
}

public static class DagRunTransitions
{
    /// <summary>The state after an event, or <see langword="null"/> when the event is refused in this state.</summary>
    public static DagRunState? Next(DagRunState state, DagRunEvent happened) => (state, happened) switch
    {
        (DagRunState.Queued, DagRunEvent.Start) => DagRunState.Running,
        (DagRunState.Running, DagRunEvent.Succeed) => DagRunState.Success,
        (DagRunState.Running, DagRunEvent.Fail) => DagRunState.Failed,
        (DagRunState.Success or DagRunState.Failed, DagRunEvent.Clear) => DagRunState.Queued,
        (not DagRunState.Success, DagRunEvent.MarkSuccess) => DagRunState.Success,
        (not DagRunState.Failed, DagRunEvent.MarkFailed) => DagRunState.Failed,
        _ => null,
    };

    public static bool IsFinished(this DagRunState state) => state is DagRunState.Success or DagRunState.Failed;
}
