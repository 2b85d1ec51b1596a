using System.Diagnostics;
using System.Diagnostics.Metrics;
using Pipeline.Scheduling.Execution;

namespace Pipeline.Scheduling.Diagnostics;

/// <summary>The meter <c>Pipeline.Scheduling</c>. Tags take few values only: ids of DAGs and tasks, and states.</summary>
internal sealed class SchedulingInstruments
{
    public const string MeterName = "Pipeline.Scheduling";

    private readonly Histogram<double> _runDuration;
    private readonly Histogram<double> _runStartDelay;
    private readonly Histogram<double> _taskDuration;
    private readonly Histogram<double> _taskStartDelay;
    private readonly Histogram<double> _loopDuration;
    private readonly Counter<long> _abandoned;
    private readonly Counter<long> _deadlinesMissed;

    public SchedulingInstruments(IMeterFactory meters, TaskSlots slots)
    {
        var meter = meters.Create(MeterName);
        var seconds = new InstrumentAdvice<double> { HistogramBucketBoundaries = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300] };
        _runDuration = meter.CreateHistogram("pipeline.dag.run.duration", "s", "From the start of a DAG run to its end.", advice: seconds);
        _runStartDelay = meter.CreateHistogram("pipeline.dag.run.start_delay", "s", "From a DAG run being queued to its start.", advice: seconds);
        _taskDuration = meter.CreateHistogram("pipeline.task.duration", "s", "One try of a task.", advice: seconds);
        _taskStartDelay = meter.CreateHistogram("pipeline.task.start_delay", "s", "From the moment a task could run (its upstream ended, its retry was due) to the start of its try.", advice: seconds);
        _loopDuration = meter.CreateHistogram("pipeline.scheduler.loop.duration", "s", "One look of the scheduler for what is to do.", advice: seconds);
        _deadlinesMissed = meter.CreateCounter<long>("pipeline.dag.run.deadlines_missed", "{deadline}", "Deadlines that runs have missed.");
        meter.CreateObservableGauge("pipeline.task.slots.demand", () => slots.Demand, "{try}", "Tries that hold a slot of this instance or wait for one.");
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

    public void TaskStarted(TaskInstance running, DateTimeOffset readySince)
    {
        if (running.StartDate is { } start && _taskStartDelay.Enabled)
        {
            _taskStartDelay.Record(Math.Max(0, (start - readySince).TotalSeconds), new KeyValuePair<string, object?>("pipeline.dag.id", running.DagId));
        }
    }

    public void LoopEnded(TimeSpan duration) => _loopDuration.Record(duration.TotalSeconds);

    public void DeadlineMissed(string dagId) => _deadlinesMissed.Add(1, new KeyValuePair<string, object?>("pipeline.dag.id", dagId));

    public void TaskAbandoned(string dagId, string taskId) => _abandoned.Add(1, new("pipeline.dag.id", dagId), new("pipeline.task.id", taskId));
}
