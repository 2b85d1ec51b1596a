using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Views;

/// <summary>How long runs took. Pure.</summary>
/// <param name="Median">Of the runs that succeeded, seconds; null without one.</param>
/// <param name="P95">By the nearest rank.</param>
/// <param name="Counted">Runs that succeeded.</param>
internal sealed record RunTimes(double? Median, double? P95, int Counted)
{
    public static RunTimes Of(IEnumerable<DagRun> runs)
    {
        var seconds = runs.Where(run => run.State == DagRunState.Success).Select(Seconds).OfType<double>().Order().ToArray();
        return seconds.Length == 0 ? new RunTimes(null, null, 0) : new RunTimes(Rank(seconds, 0.5), Rank(seconds, 0.95), seconds.Length);
    }

    public static double? Seconds(DagRun run) => (run.EndDate - run.StartDate)?.TotalSeconds;

    /// <summary>Bars by run, oldest first, with the median and the 95th percentile as lines.</summary>
    public static ChartSpec Chart(IReadOnlyList<DagRun> latestFirst, Func<DateTime, string> label)
    {
        var runs = latestFirst.Reverse().ToArray();
        var times = Of(runs);
        return new ChartSpec(
            "bar",
            [.. runs.Select(run => label(run.RunAfter.UtcDateTime))],
            [
                new ChartSeries("success", [.. runs.Select(run => run.State == DagRunState.Success ? Seconds(run) : null)], "--c1"),
                new ChartSeries("failed", [.. runs.Select(run => run.State == DagRunState.Failed ? Seconds(run) : null)], "--c5"),
                new ChartSeries("median", [.. runs.Select(_ => times.Median)], "--c2") { Kind = "line" },
                new ChartSeries("p95", [.. runs.Select(_ => times.P95)], "--c3") { Kind = "line" },
            ])
        { Unit = "s", Stacked = true };
    }

    private static double Rank(double[] sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
