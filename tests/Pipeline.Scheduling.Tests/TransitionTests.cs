namespace Pipeline.Scheduling.Tests;

/// <summary>The tables are written out a second time, as lines, so that a change of one of them has to be meant.</summary>
public sealed class TransitionTests
{
    private static readonly Dictionary<(TaskInstanceState, TaskInstanceEvent), TaskInstanceState> TaskTable = new()
    {
        [(TaskInstanceState.None, TaskInstanceEvent.Schedule)] = TaskInstanceState.Scheduled,
        [(TaskInstanceState.None, TaskInstanceEvent.UpstreamFail)] = TaskInstanceState.UpstreamFailed,
        [(TaskInstanceState.None, TaskInstanceEvent.Skip)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.None, TaskInstanceEvent.Remove)] = TaskInstanceState.Removed,
        [(TaskInstanceState.Scheduled, TaskInstanceEvent.Queue)] = TaskInstanceState.Queued,
        [(TaskInstanceState.Scheduled, TaskInstanceEvent.Skip)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.Scheduled, TaskInstanceEvent.Remove)] = TaskInstanceState.Removed,
        [(TaskInstanceState.Queued, TaskInstanceEvent.Schedule)] = TaskInstanceState.Scheduled,
        [(TaskInstanceState.Queued, TaskInstanceEvent.Start)] = TaskInstanceState.Running,
        [(TaskInstanceState.Queued, TaskInstanceEvent.Skip)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.Queued, TaskInstanceEvent.Remove)] = TaskInstanceState.Removed,
        [(TaskInstanceState.Running, TaskInstanceEvent.Succeed)] = TaskInstanceState.Success,
        [(TaskInstanceState.Running, TaskInstanceEvent.Fail)] = TaskInstanceState.Failed,
        [(TaskInstanceState.Running, TaskInstanceEvent.Retry)] = TaskInstanceState.UpForRetry,
        [(TaskInstanceState.Running, TaskInstanceEvent.Skip)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.UpForRetry, TaskInstanceEvent.Schedule)] = TaskInstanceState.Scheduled,
        [(TaskInstanceState.UpForRetry, TaskInstanceEvent.Skip)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.UpForRetry, TaskInstanceEvent.Remove)] = TaskInstanceState.Removed,
        [(TaskInstanceState.Scheduled, TaskInstanceEvent.Clear)] = TaskInstanceState.None,
        [(TaskInstanceState.Queued, TaskInstanceEvent.Clear)] = TaskInstanceState.None,
        [(TaskInstanceState.Running, TaskInstanceEvent.Clear)] = TaskInstanceState.None,
        [(TaskInstanceState.UpForRetry, TaskInstanceEvent.Clear)] = TaskInstanceState.None,
        [(TaskInstanceState.Success, TaskInstanceEvent.Clear)] = TaskInstanceState.None,
        [(TaskInstanceState.Failed, TaskInstanceEvent.Clear)] = TaskInstanceState.None,
        [(TaskInstanceState.UpstreamFailed, TaskInstanceEvent.Clear)] = TaskInstanceState.None,
        [(TaskInstanceState.Skipped, TaskInstanceEvent.Clear)] = TaskInstanceState.None,
        [(TaskInstanceState.Removed, TaskInstanceEvent.Clear)] = TaskInstanceState.None,
        [(TaskInstanceState.None, TaskInstanceEvent.MarkSuccess)] = TaskInstanceState.Success,
        [(TaskInstanceState.Scheduled, TaskInstanceEvent.MarkSuccess)] = TaskInstanceState.Success,
        [(TaskInstanceState.Queued, TaskInstanceEvent.MarkSuccess)] = TaskInstanceState.Success,
        [(TaskInstanceState.Running, TaskInstanceEvent.MarkSuccess)] = TaskInstanceState.Success,
        [(TaskInstanceState.UpForRetry, TaskInstanceEvent.MarkSuccess)] = TaskInstanceState.Success,
        [(TaskInstanceState.Failed, TaskInstanceEvent.MarkSuccess)] = TaskInstanceState.Success,
        [(TaskInstanceState.UpstreamFailed, TaskInstanceEvent.MarkSuccess)] = TaskInstanceState.Success,
        [(TaskInstanceState.Skipped, TaskInstanceEvent.MarkSuccess)] = TaskInstanceState.Success,
        [(TaskInstanceState.None, TaskInstanceEvent.MarkFailed)] = TaskInstanceState.Failed,
        [(TaskInstanceState.Scheduled, TaskInstanceEvent.MarkFailed)] = TaskInstanceState.Failed,
        [(TaskInstanceState.Queued, TaskInstanceEvent.MarkFailed)] = TaskInstanceState.Failed,
        [(TaskInstanceState.Running, TaskInstanceEvent.MarkFailed)] = TaskInstanceState.Failed,
        [(TaskInstanceState.UpForRetry, TaskInstanceEvent.MarkFailed)] = TaskInstanceState.Failed,
        [(TaskInstanceState.Success, TaskInstanceEvent.MarkFailed)] = TaskInstanceState.Failed,
        [(TaskInstanceState.UpstreamFailed, TaskInstanceEvent.MarkFailed)] = TaskInstanceState.Failed,
        [(TaskInstanceState.Skipped, TaskInstanceEvent.MarkFailed)] = TaskInstanceState.Failed,
        [(TaskInstanceState.None, TaskInstanceEvent.MarkSkipped)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.Scheduled, TaskInstanceEvent.MarkSkipped)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.Queued, TaskInstanceEvent.MarkSkipped)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.Running, TaskInstanceEvent.MarkSkipped)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.UpForRetry, TaskInstanceEvent.MarkSkipped)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.Success, TaskInstanceEvent.MarkSkipped)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.Failed, TaskInstanceEvent.MarkSkipped)] = TaskInstanceState.Skipped,
        [(TaskInstanceState.UpstreamFailed, TaskInstanceEvent.MarkSkipped)] = TaskInstanceState.Skipped,
    };

    public static TheoryData<TaskInstanceState, TaskInstanceEvent> TaskPairs
        => new(from state in Enum.GetValues<TaskInstanceState>() from happened in Enum.GetValues<TaskInstanceEvent>() select (state, happened));

    public static TheoryData<DagRunState, DagRunEvent> RunPairs
        => new(from state in Enum.GetValues<DagRunState>() from happened in Enum.GetValues<DagRunEvent>() select (state, happened));

    [Theory]
    [MemberData(nameof(TaskPairs))]
    public void TaskInstance_EveryStateAndEvent_IsATransitionOrRefused(TaskInstanceState state, TaskInstanceEvent happened)
    {
        var task = new TaskInstance { DagId = "d", RunId = "r", TaskId = "t", State = state, MaxTries = 0 };

        if (TaskTable.TryGetValue((state, happened), out var expected))
        {
            Assert.Equal(expected, task.Apply(happened, DateTimeOffset.UnixEpoch).State);
        }
        else
        {
            Assert.Throws<InvalidOperationException>(() => task.Apply(happened, DateTimeOffset.UnixEpoch));
        }
    }

    [Theory]
    [MemberData(nameof(RunPairs))]
    public void DagRun_EveryStateAndEvent_IsATransitionOrRefused(DagRunState state, DagRunEvent happened)
    {
        DagRunState? expected = (state, happened) switch
        {
            (DagRunState.Queued, DagRunEvent.Start) => DagRunState.Running,
            (DagRunState.Running, DagRunEvent.Succeed) => DagRunState.Success,
            (DagRunState.Running, DagRunEvent.Fail) => DagRunState.Failed,
            (DagRunState.Success, DagRunEvent.Clear) => DagRunState.Queued,
            (DagRunState.Failed, DagRunEvent.Clear) => DagRunState.Queued,
            (DagRunState.Queued, DagRunEvent.MarkSuccess) => DagRunState.Success,
            (DagRunState.Running, DagRunEvent.MarkSuccess) => DagRunState.Success,
            (DagRunState.Failed, DagRunEvent.MarkSuccess) => DagRunState.Success,
            (DagRunState.Queued, DagRunEvent.MarkFailed) => DagRunState.Failed,
            (DagRunState.Running, DagRunEvent.MarkFailed) => DagRunState.Failed,
            (DagRunState.Success, DagRunEvent.MarkFailed) => DagRunState.Failed,
            _ => null,
        };

        Assert.Equal(expected, DagRunTransitions.Next(state, happened));
    }

    /// <summary>Only a person moves what has ended.</summary>
    [Fact]
    public void FinishedStates_AcceptNoEventOfTheExecutor()
    {
        TaskInstanceEvent[] people = [TaskInstanceEvent.Clear, TaskInstanceEvent.MarkSuccess, TaskInstanceEvent.MarkFailed, TaskInstanceEvent.MarkSkipped];
        foreach (var state in Enum.GetValues<TaskInstanceState>().Where(TaskInstanceTransitions.IsFinished))
        {
            Assert.All(Enum.GetValues<TaskInstanceEvent>().Except(people), happened => Assert.Null(TaskInstanceTransitions.Next(state, happened)));
        }
    }

    [Fact]
    public void WireNames_AreAirflowsWords_AndParseBack()
    {
        var tasks = Enum.GetValues<TaskInstanceState>();
        var runs = Enum.GetValues<DagRunState>();

        Assert.Equal(
            ["none", "scheduled", "queued", "running", "up_for_retry", "success", "failed", "upstream_failed", "skipped", "removed"],
            tasks.Select(state => state.ToWireName()));
        Assert.Equal(["queued", "running", "success", "failed"], runs.Select(state => state.ToWireName()));
        Assert.All(tasks, state => Assert.Equal(state, StateNames.ParseTaskInstanceState(state.ToWireName())));
        Assert.All(runs, state => Assert.Equal(state, StateNames.ParseDagRunState(state.ToWireName())));
        Assert.Throws<FormatException>(() => StateNames.ParseTaskInstanceState("completed"));
    }
}
