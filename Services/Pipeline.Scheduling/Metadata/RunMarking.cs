using System.Text.Json;

namespace Pipeline.Scheduling.Metadata;

/// <summary>What it takes that a person says how something ended.</summary>
internal static class RunMarking
{
    public static TaskInstanceEvent EventOf(TaskInstanceState state) => state switch
    {
        TaskInstanceState.Success => TaskInstanceEvent.MarkSuccess,
        TaskInstanceState.Failed => TaskInstanceEvent.MarkFailed,
        _ => TaskInstanceEvent.MarkSkipped,
    };

    public static DagRun Mark(MetadataSession session, DagCatalog catalog, string dagId, string runId, DagRunState state, Actor actor, DateTimeOffset at)
    {
        var now = UnixTime.Cut(at);
        var run = DagRunTable.FindRow(session, dagId, runId, lockIt: true)?.ToModel() ?? throw DagOperationException.NoRun(dagId, runId);
        var tasks = TaskInstanceTable.List(session, dagId, runId, lockThem: true);
        switch (state)
        {
            case DagRunState.Queued:
                ClearPlan.Apply(session, run, tasks, Structures.RetriesOf(Structures.Find(session, catalog, dagId, run.DagVersionId)), now);
                break;
            case DagRunState.Success or DagRunState.Failed:
                Decide(session, run, tasks, state, now);
                break;
            default:
                throw DagOperationException.Invalid($"A run can be marked as success, failed or queued, not as {state.ToWireName()}.");
        }

        AuditTable.Insert(session, $"mark_run_{state.ToWireName()}", actor, now, dagId, runId);
        return DagRunTable.Find(session, dagId, runId)!;
    }

    public static IReadOnlyList<TaskInstance> MarkTasks(MetadataSession session, DagCatalog catalog, MarkTasksRequest request, Actor actor, DateTimeOffset at)
    {
        var now = UnixTime.Cut(at);
        var marked = new List<TaskInstance>();
        foreach (var (run, dag, tasks) in Selection.ToMark(session, catalog, request, lockThem: true))
        {
            foreach (var task in tasks)
            {
                TaskInstanceTable.Change(session, task, task.Apply(EventOf(request.State), now) with { Error = request.State == TaskInstanceState.Success ? null : $"Marked by {actor.Name}." });
            }

            Resume(session, run, dag, [.. tasks.Select(task => task.TaskId)], now);
            AuditTable.Insert(
                session, $"mark_task_{request.State.ToWireName()}", actor, now, run.DagId, run.RunId, extra: JsonSerializer.Serialize(tasks.Select(task => task.TaskId)));
            marked.AddRange(tasks);
        }

        return marked;
    }

    /// <summary>What failed because of a marked task gets its turn; a run that has ended and has nothing to do ends as its tasks say now.</summary>
    private static void Resume(MetadataSession session, DagRun run, Dag dag, IReadOnlyList<string> marked, DateTimeOffset now)
    {
        var tasks = TaskInstanceTable.List(session, run.DagId, run.RunId, lockThem: true);
        var downstream = dag.Reach(marked, upstream: false, downstream: true).Except(marked, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        var waiting = tasks.Where(task => downstream.Contains(task.TaskId) && HasFailed(task)).ToList();
        if (waiting.Count > 0 || !run.State.IsFinished())
        {
            ClearPlan.Apply(session, run, waiting, Structures.RetriesOf(dag), now);
            return;
        }

        var failed = tasks.Any(task => dag.Leaves.Contains(task.TaskId) && HasFailed(task));
        var happened = failed ? DagRunEvent.MarkFailed : DagRunEvent.MarkSuccess;
        if (DagRunTransitions.Next(run.State, happened) is not null)
        {
            DagRunTable.Change(session, run, run.Apply(happened, now));
        }
    }

    private static bool HasFailed(TaskInstance task) => task.State is TaskInstanceState.Failed or TaskInstanceState.UpstreamFailed;

    private static void Decide(MetadataSession session, DagRun run, IReadOnlyList<TaskInstance> tasks, DagRunState state, DateTimeOffset now)
    {
        foreach (var task in tasks)
        {
            TaskInstanceEvent? happened = state == DagRunState.Success ? TaskInstanceEvent.MarkSuccess
                : task.State == TaskInstanceState.Running ? TaskInstanceEvent.MarkFailed
                : task.State.IsWaiting() ? TaskInstanceEvent.Skip
                : null;
            if (happened is { } h && TaskInstanceTransitions.Next(task.State, h) is not null)
            {
                TaskInstanceTable.Change(session, task, task.Apply(h, now));
            }
        }

        var marked = state == DagRunState.Success ? DagRunEvent.MarkSuccess : DagRunEvent.MarkFailed;
        if (DagRunTransitions.Next(run.State, marked) is not null)
        {
            DagRunTable.Change(session, run, run.Apply(marked, now));
        }
    }
}
