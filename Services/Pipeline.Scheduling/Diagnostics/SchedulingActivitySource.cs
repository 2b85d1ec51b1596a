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
        activity?.SetTag("pipeline.dag.id", run.DagId);
        activity?.SetTag("pipeline.dag.run_id", run.RunId);
        activity?.SetTag("pipeline.task.id", task.TaskId);
        activity?.SetTag("pipeline.task.try_number", task.TryNumber);
        return activity;
    }

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
