using System.Diagnostics;

namespace Pipeline.Scheduling.Diagnostics;

/// <summary>Spans: one per run and process that works on it, one per try below it.</summary>
internal static class SchedulingActivitySource
{
    public const string Name = "Pipeline.Scheduling";

    private static readonly ActivitySource Source = new(Name);

    public static Activity? StartRun(DagRun run)
    {
        // A resumed run goes on in the trace that its first process began.
        var parent = run.TraceParent is { } text && ActivityContext.TryParse(text, null, out var context) ? context : default;
        var activity = Source.StartActivity($"dag_run {run.DagId}", ActivityKind.Internal, parent);
        activity?.SetTag("pipeline.dag.id", run.DagId);
        activity?.SetTag("pipeline.dag.run_id", run.RunId);
        return activity;
    }

    public static Activity? StartTask(DagRun run, TaskInstance task)
    {
        var activity = Source.StartActivity($"task {run.DagId}.{task.TaskId}");
        if (activity is not null)
        {
            foreach (var (name, value) in NamesOf(run, task))
            {
                activity.SetTag(name, value);
            }
        }

        return activity;
    }

    /// <summary>Which try it is, for spans and logs.</summary>
    public static Dictionary<string, object> NamesOf(DagRun run, TaskInstance task) => new()
    {
        ["pipeline.dag.id"] = run.DagId,
        ["pipeline.dag.run_id"] = run.RunId,
        ["pipeline.task.id"] = task.TaskId,
        ["pipeline.task.try_number"] = task.TryNumber,
    };

    public static void EndTask(Activity? activity, TaskInstance ended, Exception? error)
    {
        activity?.SetTag("pipeline.task.state", ended.State.ToWireName());
        if (error is not null)
        {
            activity?.SetTag("error.type", error.GetType().FullName);
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
        }
    }
}
