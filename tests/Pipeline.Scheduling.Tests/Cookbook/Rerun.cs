using Pipeline.Scheduling;

internal sealed class Rerun(DagOperations operations, Backfills backfills)
{
    private static readonly Actor Ann = new("ann", "wrong prices");

    public Task<ClearResult> DayAsync(string dagId, DateTimeOffset day, bool onlyFailed, CancellationToken cancellationToken)
        => operations.ClearAsync(new ClearRequest { DagId = dagId, LogicalDate = new TimeRange(day, day.AddDays(1).AddTicks(-1)), OnlyFailed = onlyFailed }, Ann, cancellationToken);

    public async Task<Backfill> MonthAsync(string dagId, DateTimeOffset first, CancellationToken cancellationToken)
    {
        var request = new BackfillRequest { DagId = dagId, From = first, To = first.AddMonths(1).AddTicks(-1), MaxActiveRuns = 4 };
        var plan = await backfills.PlanAsync(request, cancellationToken); // a dry run: the intervals, and which are left out and why
        var backfill = await backfills.CreateAsync(request, Ann with { Reason = $"{plan.Items.Count} days are missing" }, cancellationToken);
        await backfills.PauseAsync(backfill.Id, true, Ann, cancellationToken); // nothing more starts; CancelAsync ends it for good
        return await backfills.PauseAsync(backfill.Id, false, Ann, cancellationToken);
    }
}
