using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pipeline.Scheduling.Diagnostics;

/// <summary>The meter <c>Pipeline.Scheduling</c>. Tags take few values only: ids of DAGs and tasks, and states.</summary>
internal sealed class SchedulingInstruments
{
    public const string MeterName = "Pipeline.Scheduling";

    private readonly Histogram<double> _runDuration;
    private readonly Histogram<double> _runStartDelay;
    private readonly Histogram<double> _taskDuration;
    private readonly Counter<long> _abandoned;

    public SchedulingInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300] };
        _runDuration = meter.CreateHistogram("pipeline.dag.run.duration", "s", "From the start of a DAG run to its end.", advice: seconds);
        _runStartDelay = meter.CreateHistogram("pipeline.dag.run.start_delay", "s", "From a DAG run being queued to its start.", advice: seconds);
        _taskDuration = meter.CreateHistogram("pipeline.task.duration", "s", "One try of a task.", advice: seconds);
        _abandoned = meter.CreateCounter<long>("pipeline.task.abandoned", "{try}", "Tries that ignored their cancellation and were left behind.");
    }

    public void RunEnded(DagRun run)
    {
        if (run is { StartDate: { } start, EndDate: { } end })
        {
            var tags = new TagList { { "pipeline.dag.id", run.DagId }, { "pipeline.dag.run.state", run.State.ToWireName() } };
            _runDuration.Record((end - start).TotalSeconds, tags);
            _runStartDelay.Record(Math.Max(0, (start - run.QueuedAt).TotalSeconds), new KeyValuePair<string, object?>("pipeline.dag.id", run.DagId));
        }
    }

    public void TaskEnded(TaskInstance ended, TaskInstance running)
    {
        if (ended.EndDate is { } end && running.StartDate is { } start && _taskDuration.Enabled)
        {
            _taskDuration.Record((end - start).TotalSeconds, new TagList
            {
                { "pipeline.dag.id", ended.DagId },
                { "pipeline.task.id", ended.TaskId },
                { "pipeline.task.state", ended.State.ToWireName() },
            });
        }
    }

    public void TaskAbandoned(string dagId, string taskId) => _abandoned.Add(1, new("pipeline.dag.id", dagId), new("pipeline.task.id", taskId));
}
