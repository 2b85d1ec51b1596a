using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Views;

/// <summary>One task of a run on the run's time axis; all places are shares of its length. Pure.</summary>
/// <param name="Wait">Where it could have begun.</param>
/// <param name="Start">Where its last try began; null when none has.</param>
/// <param name="End">Where that ended, or now.</param>
internal sealed record GanttRow(TaskInstance Task, double? Wait, double? Start, double? End)
{
    public static (DateTimeOffset From, DateTimeOffset To, IReadOnlyList<GanttRow> Rows) Of(GridRun run, DateTimeOffset now)
    {
        var instants = run.Tasks.SelectMany(task => new[] { task.ScheduledAt, task.QueuedAt, task.StartDate, task.EndDate }).Append(run.Run.StartDate).OfType<DateTimeOffset>().ToArray();
        var from = instants.Length == 0 ? run.Run.QueuedAt : instants.Min();
        var to = run.Run.EndDate ?? (run.Run.State == DagRunState.Running ? now : instants.DefaultIfEmpty(from).Max());
        to = instants.Append(to).Max();
        var length = Math.Max(1, (to - from).TotalMilliseconds);
        return (from, to, [.. run.Tasks.Select(task => new GanttRow(
            task,
            task.StartDate is null ? null : Share(task.ScheduledAt ?? task.QueuedAt ?? task.StartDate),
            Share(task.StartDate),
            task.StartDate is null ? null : Share(task.EndDate ?? now)))]);

        double? Share(DateTimeOffset? at) => at is { } instant ? Math.Clamp((instant - from).TotalMilliseconds / length, 0, 1) : null;
    }
}
