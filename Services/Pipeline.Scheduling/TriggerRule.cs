namespace Pipeline.Scheduling;

/// <summary>What must be true of the upstream tasks before a task runs.</summary>
public enum TriggerRule : byte
{
    /// <summary>Every upstream task succeeded. One that failed makes this one <c>upstream_failed</c>, one that was skipped skips it.</summary>
    AllSuccess,
}

internal static class TriggerRules
{
    /// <summary>What the upstream states mean for a waiting task; <see langword="null"/>: wait on.</summary>
    public static TaskInstanceEvent? Evaluate(TriggerRule rule, IEnumerable<TaskInstanceState> upstream)
    {
        if (rule != TriggerRule.AllSuccess)
        {
            throw new ArgumentOutOfRangeException(nameof(rule), rule, null);
        }

        var (waiting, skipped) = (false, false);
        foreach (var state in upstream)
        {
            // A failure decides at once, even while other branches still run.
            if (state is TaskInstanceState.Failed or TaskInstanceState.UpstreamFailed)
            {
                return TaskInstanceEvent.UpstreamFail;
            }

            waiting |= !state.IsFinished();
            skipped |= state == TaskInstanceState.Skipped;
        }

        return waiting ? null : skipped ? TaskInstanceEvent.Skip : TaskInstanceEvent.Schedule;
    }
}
