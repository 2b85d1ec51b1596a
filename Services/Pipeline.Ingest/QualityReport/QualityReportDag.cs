using Pipeline.Scheduling;
using Pipeline.Storage;

namespace Pipeline.Ingest.QualityReport;

/// <summary>
/// The DAG <c>quality_report</c>: every hour, how each rule did in the hour before, and which rules do otherwise than in the last days.
/// The report is the result of its tasks, and its warnings are in their logs.
/// </summary>
internal static class QualityReportDag
{
    public const string Id = "quality_report";

    /// <summary>What an hour is compared with.</summary>
    public static readonly TimeSpan Baseline = TimeSpan.FromDays(3);

    private const int RowsPerPage = 1000;

    public static Dag Build(IServiceProvider services) => new DagBuilder(Id)
    {
        DisplayName = "Quality report",
        Description = "Results of the quality rules by the hour, with drift against the last days",
        Tags = ["quality"],
        Timetable = Timetable.Every(TimeSpan.FromHours(1)),
        MaxActiveRuns = 1,

        // From the hour of the start on: before it, there is nothing to report.
        StartDate = Hour(services.GetRequiredService<TimeProvider>().GetUtcNow()),
    }
        .Add(new DagTask("summarize", SummarizeAsync) { Retries = 3, RetryDelay = new RetryDelay(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5)) })
        .Add(new DagTask("compare", CompareAsync) { Retries = 3, RetryDelay = new RetryDelay(TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5)) })
        .Chain("summarize", "compare")
        .Build();

    private static async Task SummarizeAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var hour = await CountAsync(Store(context), Hour(context), cancellationToken);
        if (hour.Count == 0)
        {
            throw new TaskSkippedException($"No quality results in {context.DataInterval}.");
        }

        foreach (var rule in hour)
        {
            context.Logger.RuleSummarized(rule.RuleId, rule.Failed, rule.Checked, rule.FailedRatio);
        }

        context.Push(TaskResult.ReturnValue, hour);
    }

    private static async Task CompareAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var hour = context.Pull<RuleCount[]>("summarize", TaskResult.ReturnValue);
        var interval = Hour(context);
        var days = (await CountAsync(Store(context), new DataInterval(interval.Start - Baseline, interval.Start), cancellationToken)).ToDictionary(rule => rule.RuleId, StringComparer.Ordinal);
        var drifts = hour.Select(rule => RuleDrift.Of(rule, days.GetValueOrDefault(rule.RuleId) ?? new RuleCount(rule.RuleId, 0, 0))).ToArray();
        foreach (var drift in drifts.Where(drift => drift.IsDrift))
        {
            context.Logger.RuleDrifts(drift.RuleId, drift.FailedRatio, drift.BaselineRatio, drift.StandardScore);
        }

        context.Push(TaskResult.ReturnValue, drifts);
    }

    private static DateTimeOffset Hour(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);

    private static IResultStore Store(TaskContext context)
        => context.Services.GetService<IResultStore>() ?? throw new TaskSkippedException("This process has no result store; run the DAG where there is one.");

    /// <summary>What the run covers; a run that covers an instant is about the hour before it.</summary>
    private static DataInterval Hour(TaskContext context)
        => context.DataInterval.Length > TimeSpan.Zero ? context.DataInterval : new DataInterval(context.DataInterval.Start - TimeSpan.FromHours(1), context.DataInterval.Start);

    private static async Task<IReadOnlyList<RuleCount>> CountAsync(IResultStore store, DataInterval interval, CancellationToken cancellationToken)
    {
        var counts = new SortedDictionary<string, RuleCount>(StringComparer.Ordinal);
        string? cursor = null;
        do
        {
            var query = new QualityQuery { From = interval.Start.ToUnixTimeMilliseconds(), To = interval.End.ToUnixTimeMilliseconds(), Limit = RowsPerPage, Cursor = cursor };
            var page = await store.QueryQualityAsync(query, cancellationToken);
            foreach (var row in page.Items)
            {
                var before = counts.GetValueOrDefault(row.RuleId) ?? new RuleCount(row.RuleId, 0, 0);
                counts[row.RuleId] = new RuleCount(row.RuleId, before.Checked + row.Checked, before.Failed + row.Failed);
            }

            cursor = page.Cursor;
        }
        while (cursor is not null);
        return [.. counts.Values];
    }
}
