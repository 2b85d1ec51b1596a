using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Views;

/// <summary>What the page of one DAG asks.</summary>
/// <param name="Runs">Runs in the grid.</param>
public sealed record DagQuestion(string DagId, string? RunId, string? TaskId, int Runs);

/// <summary>One DAG with its latest runs, and the run and the task that were chosen.</summary>
public sealed record DagView
{
    /// <summary>Null when there is no such DAG.</summary>
    public required DagSummary? Summary { get; init; }

    /// <summary>Tasks and edges of the chosen run's version, or of the latest.</summary>
    public required Dag? Structure { get; init; }

    /// <summary>Latest first.</summary>
    public required IReadOnlyList<GridRun> Grid { get; init; }

    public required GridRun? Run { get; init; }

    /// <summary>The tries of the chosen task in the chosen run, first to last.</summary>
    public required IReadOnlyList<TaskInstance> Tries { get; init; }

    public required IReadOnlyList<XCom> Results { get; init; }

    /// <summary>Latest first.</summary>
    public required IReadOnlyList<Backfill> Backfills { get; init; }

    /// <summary>What people did with it, latest first.</summary>
    public required IReadOnlyList<AuditEvent> Events { get; init; }

    public required DateTimeOffset Now { get; init; }

    /// <summary>Tasks of the structure in its order, then those that only older runs have.</summary>
    public IReadOnlyList<string> TaskIds { get; init; } = [];
}

internal sealed class DagReader(DagRuns runs, Backfills backfills, TimeProvider clock)
{
    public static readonly IReadOnlyList<int> GridSizes = [25, 50, 100];

    private const int MaxBackfills = 5;
    private const int MaxEvents = 15;

    public async ValueTask<DagView> ReadAsync(DagQuestion question, CancellationToken cancellationToken)
    {
        var summary = await runs.FindDagAsync(question.DagId, cancellationToken);
        var grid = await runs.ListGridAsync(question.DagId, question.Runs, cancellationToken);
        var run = question.RunId is null ? null : grid.FirstOrDefault(item => item.Run.RunId == question.RunId) ?? await FindAsync(question.DagId, question.RunId, cancellationToken);
        var structure = await runs.FindStructureAsync(question.DagId, run?.Run.DagVersionId, cancellationToken);
        var hasTask = run is not null && question.TaskId is not null;
        return new DagView
        {
            Summary = summary,
            Structure = structure,
            Grid = grid,
            Run = run,
            Tries = hasTask ? await runs.ListTriesAsync(question.DagId, run!.Run.RunId, question.TaskId!, cancellationToken) : [],
            Results = hasTask ? [.. (await runs.ListResultsAsync(question.DagId, run!.Run.RunId, cancellationToken)).Where(result => result.TaskId == question.TaskId)] : [],
            Backfills = (await backfills.ListAsync(question.DagId, activeOnly: false, MaxBackfills, 0, cancellationToken)).Items,
            Events = (await runs.ListEventsAsync(new AuditQuery { DagId = question.DagId, RunId = run?.Run.RunId, Limit = MaxEvents }, cancellationToken)).Items,
            Now = clock.GetUtcNow(),
            TaskIds = [.. (structure?.Tasks.Select(task => task.Id) ?? []).Union(grid.SelectMany(item => item.Tasks).Select(task => task.TaskId), StringComparer.Ordinal)],
        };
    }

    private async Task<GridRun?> FindAsync(string dagId, string runId, CancellationToken cancellationToken)
        => await runs.FindRunAsync(dagId, runId, cancellationToken) is { } run ? new GridRun(run, await runs.ListTaskInstancesAsync(dagId, runId, cancellationToken)) : null;
}
