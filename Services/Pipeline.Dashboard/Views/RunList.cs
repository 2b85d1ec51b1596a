using System.Globalization;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Views;

/// <summary>What the page of runs asks.</summary>
/// <param name="Before">Only runs of an earlier logical date, Unix ms as text: the last of the page before.</param>
public sealed record RunsQuestion(string? DagId, string? Before);

/// <summary>A page of runs, latest first.</summary>
public sealed record RunList(IReadOnlyList<DagLine> Dags, IReadOnlyList<GridRun> Runs, string? Next);

/// <param name="NextDue">When its next run is due; null without a schedule.</param>
public sealed record DagLine(string Id, DateTimeOffset? NextDue, long Succeeded, long Failed, long Active);

internal sealed class RunsReader(DagRuns runs)
{
    private const int PageSize = 50;

    public async ValueTask<RunList> ReadAsync(RunsQuestion question, CancellationToken cancellationToken)
    {
        DateTimeOffset? before = long.TryParse(question.Before, NumberStyles.None, CultureInfo.InvariantCulture, out var ms) && ms < 253_402_300_799_999
            ? DateTimeOffset.FromUnixTimeMilliseconds(ms)
            : null;
        var page = await LatestAsync(question.DagId, PageSize, before, cancellationToken);
        var next = page.Count == PageSize ? page[^1].Run.LogicalDate.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) : null;
        var dags = new List<DagLine>();
        foreach (var dag in (await runs.ListDagsAsync(new DagQuery(), cancellationToken)).Items)
        {
            dags.Add(ToLine(dag, await runs.CountRunsAsync(dag.DagId, cancellationToken)));
        }

        return new RunList(dags, page, next);
    }

    public async Task<IReadOnlyList<GridRun>> LatestAsync(string? dagId, int limit, DateTimeOffset? before, CancellationToken cancellationToken)
    {
        var query = new DagRunQuery
        {
            DagId = dagId,
            Limit = limit,
            LogicalDate = new Scheduling.TimeRange(null, before?.AddMilliseconds(-1)),
            WithTotal = false,
        };
        var latest = new List<GridRun>();
        foreach (var run in (await runs.ListRunsAsync(query, cancellationToken)).Items)
        {
            latest.Add(new GridRun(run, await runs.ListTaskInstancesAsync(run.DagId, run.RunId, cancellationToken)));
        }

        return latest;
    }

    private static DagLine ToLine(DagSummary dag, IReadOnlyDictionary<DagRunState, long> counts) => new(
        dag.DagId,
        dag.NextInterval?.End,
        counts.GetValueOrDefault(DagRunState.Success),
        counts.GetValueOrDefault(DagRunState.Failed),
        counts.GetValueOrDefault(DagRunState.Running) + counts.GetValueOrDefault(DagRunState.Queued));
}
