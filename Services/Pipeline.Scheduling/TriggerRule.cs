namespace Pipeline.Scheduling;

/// <summary>What must be true of the upstream tasks before a task runs; Airflow's list, with its meanings.</summary>
public enum TriggerRule : byte
{
    /// <summary>Every upstream task succeeded. One that failed makes this one <c>upstream_failed</c>, one that was skipped skips it.</summary>
    AllSuccess,

    /// <summary>Every upstream task failed or is <c>upstream_failed</c>.</summary>
    AllFailed,

    /// <summary>Every upstream task has ended, however.</summary>
    AllDone,

    /// <summary>Every upstream task has ended and at least one succeeded.</summary>
    AllDoneMinOneSuccess,

    /// <summary>Every upstream task was skipped.</summary>
    AllSkipped,

    /// <summary>At least one failed; does not wait for the others.</summary>
    OneFailed,

    /// <summary>At least one succeeded; does not wait for the others.</summary>
    OneSuccess,

    /// <summary>At least one succeeded or failed; does not wait for the others.</summary>
    OneDone,

    /// <summary>All have ended and none failed: each succeeded or was skipped.</summary>
    NoneFailed,

    /// <summary>As <see cref="NoneFailed"/>, and at least one succeeded.</summary>
    NoneFailedMinOneSuccess,

    /// <summary>All have ended and none was skipped.</summary>
    NoneSkipped,

    /// <summary>Does not look at the upstream tasks.</summary>
    Always,
}

internal static class TriggerRules
{
    /// <summary>What the upstream states mean for a waiting task; <see langword="null"/>: wait on.</summary>
    public static TaskInstanceEvent? Evaluate(TriggerRule rule, IEnumerable<TaskInstanceState> upstream)
    {
        var seen = Count(upstream);
        if (rule == TriggerRule.Always || seen.All == 0)
        {
            return TaskInstanceEvent.Schedule;
        }

        return rule switch
        {
            // A failure decides at once, even while other branches still run; so does a skip.
            TriggerRule.AllSuccess => seen.Failed > 0 ? TaskInstanceEvent.UpstreamFail : seen.Skipped > 0 ? TaskInstanceEvent.Skip : RunIf(seen.Success == seen.All),
            TriggerRule.AllFailed => seen.Success + seen.Skipped > 0 ? TaskInstanceEvent.Skip : RunIf(seen.Failed == seen.All),
            TriggerRule.AllDone => RunIf(seen.IsDone),
            TriggerRule.AllDoneMinOneSuccess => seen.IsDone ? RunOr(seen.Success > 0, seen.Failed > 0 ? TaskInstanceEvent.UpstreamFail : TaskInstanceEvent.Skip) : null,
            TriggerRule.AllSkipped => seen.Success + seen.Failed > 0 ? TaskInstanceEvent.Skip : RunIf(seen.Skipped == seen.All),
            TriggerRule.OneFailed => seen.Failed > 0 ? TaskInstanceEvent.Schedule : SkipIf(seen.IsDone),
            TriggerRule.OneSuccess => seen.Success > 0 ? TaskInstanceEvent.Schedule
                : seen.IsDone ? RunOr(false, seen.Skipped == seen.All ? TaskInstanceEvent.Skip : TaskInstanceEvent.UpstreamFail) : null,
            TriggerRule.OneDone => seen.Success + seen.Failed > 0 ? TaskInstanceEvent.Schedule : SkipIf(seen.IsDone),
            TriggerRule.NoneFailed => seen.Failed > 0 ? TaskInstanceEvent.UpstreamFail : RunIf(seen.IsDone),
            TriggerRule.NoneFailedMinOneSuccess => seen.Failed > 0 ? TaskInstanceEvent.UpstreamFail
                : seen.Skipped == seen.All ? TaskInstanceEvent.Skip : RunIf(seen.IsDone),
            TriggerRule.NoneSkipped => seen.Skipped > 0 ? TaskInstanceEvent.Skip : RunIf(seen.IsDone),
            _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, null),
        };
    }

    private static TaskInstanceEvent? RunIf(bool holds) => holds ? TaskInstanceEvent.Schedule : null;

    private static TaskInstanceEvent? SkipIf(bool holds) => holds ? TaskInstanceEvent.Skip : null;

    private static TaskInstanceEvent RunOr(bool holds, TaskInstanceEvent otherwise) => holds ? TaskInstanceEvent.Schedule : otherwise;

    private static UpstreamCounts Count(IEnumerable<TaskInstanceState> upstream)
    {
        var counts = default(UpstreamCounts);
        foreach (var state in upstream)
        {
            counts.All++;
            counts.Success += state == TaskInstanceState.Success ? 1 : 0;
            counts.Failed += state is TaskInstanceState.Failed or TaskInstanceState.UpstreamFailed ? 1 : 0;
            counts.Skipped += state is TaskInstanceState.Skipped or TaskInstanceState.Removed ? 1 : 0;
        }

        return counts;
    }

    /// <summary>Of the upstream task instances, how many ended in which way. A removed one counts as skipped: it will never run.</summary>
    private struct UpstreamCounts
    {
        public int All;
        public int Success;
        public int Failed;
        public int Skipped;

        public readonly bool IsDone => Success + Failed + Skipped == All;
    }
}
