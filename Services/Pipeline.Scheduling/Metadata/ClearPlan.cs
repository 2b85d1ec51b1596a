namespace Pipeline.Scheduling.Metadata;

/// <summary>Makes task instances run again.</summary>
internal static class ClearPlan
{
    /// <summary>Clears task instances of one run and queues the run when it has ended. A running run goes on with them.</summary>
    /// <param name="run">Locked by the caller, as are the task instances.</param>
    /// <param name="retries">The retries of a task by its id.</param>
    /// <returns>The task instances as they were.</returns>
    public static IReadOnlyList<TaskInstance> Apply(
        MetadataSession session, DagRun run, IReadOnlyList<TaskInstance> tasks, Func<string, int> retries, DateTimeOffset now)
    {
        var cleared = new List<TaskInstance>();
        foreach (var task in tasks.Where(task => task.State != TaskInstanceState.None))
        {
            TaskInstanceTable.KeepTry(session, task);
            TaskInstanceTable.Change(session, task, task.Clear(retries(task.TaskId), now));
            ResultTable.DeleteResults(session, task.DagId, task.RunId, task.TaskId);
            cleared.Add(task);
        }

        if (run.State.IsFinished())
        {
            DagRunTable.Change(session, run, run.Apply(DagRunEvent.Clear, now));
        }
        else
        {
            DagRunTable.Touch(session, run.DagId, run.RunId);
        }

        return cleared;
    }
}
