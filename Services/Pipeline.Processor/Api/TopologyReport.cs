using System.ComponentModel;
using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Pipeline.Streaming.Processing;

namespace Pipeline.Processor.Api;

/// <summary>The topologies of this process's partitions.</summary>
internal sealed record TopologyReport(IReadOnlyList<TopologyItem> Topologies)
{
    public static TopologyReport Of(IReadOnlyList<PartitionStatus> partitions)
        => new([.. partitions.GroupBy(p => p.TopicPartition.Topic).Select(g => TopologyItem.Of([.. g]))]);

    public string ToText() => string.Join("\n", Topologies.Select(t => t.ToText()));

    public string ToDot() => string.Join("\n", Topologies.Select(t => t.Status.ToDot()));
}

/// <summary>The topology of one topic: its steps over all partitions, and the task of each.</summary>
internal sealed record TopologyItem(
    [property: JsonIgnore] TopologyStatus Status, string Source, string Sink, IReadOnlyList<StepItem> Steps, IReadOnlyList<TaskItem> Tasks)
{
    public static TopologyItem Of(IReadOnlyList<PartitionStatus> partitions)
    {
        var status = TopologyStatus.Sum([.. partitions.Select(p => p.Topology)]);
        return new TopologyItem(status, status.Source, status.Sink, [.. status.Steps.Select(StepItem.Of)], [.. partitions.Select(TaskItem.Of)]);
    }

    /// <summary>On one screen.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Source} → {Sink}");
        text.AppendLine("  step                         in            out   refused    busy s      entries   state");
        foreach (var s in Steps)
        {
            var line = string.Create(
                CultureInfo.InvariantCulture,
                $"  {s.Name,-18} {s.RecordsIn,12:N0} {s.RecordsOut,14:N0} {s.Refused,9:N0} {s.BusySeconds,9:N1} {s.StateEntries,12:N0}   {Shortened(s.State)}");
            text.AppendLine(line.TrimEnd());
        }

        text.AppendLine("  task               state             lag   queue   busy   idle   back-pressured   watermark");
        foreach (var t in Tasks)
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"  {$"{Source}-{t.Partition}",-18} {t.State,-13} {t.Lag,7:N0} {t.QueueDepth,7} {t.Busy,6:P0} {t.Idle,6:P0} {t.BackPressured,16:P0}   {(t.Watermark is { } w ? w.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : "none yet")}");
        }

        return text.ToString();
    }

    // One screen: the whole of it stands in the JSON.
    private static string? Shortened(string? state) => state is { Length: > 90 } ? $"{state.AsSpan(0, 89)}…" : state;
}

internal sealed record StepItem(
    string Name,
    [property: Description("What its state depends on; null when it has none.")] string? State,
    [property: Description("The topic that it joins with; null when it joins nothing.")] string? Table,
    long RecordsIn,
    long RecordsOut,
    [property: Description("Records that its state did not take; 0 in a set-up that is right.")] long Refused,
    double BusySeconds,
    long StateEntries)
{
    public static StepItem Of(StepStatus s) => new(s.Name, s.State, s.Table, s.RecordsIn, s.RecordsOut, s.Refused, Math.Round(s.Busy.TotalSeconds, 3), s.StateEntries);
}

internal sealed record TaskItem(
    int Partition,
    [property: Description("`opening`, `running`, `back_pressured` (its queue is full), `held` (ahead of a slower partition), `fenced`, `stopped` or `failed`.")] string State,
    long NextOffset,
    long Lag,
    [property: Description("Batches that wait to be processed.")] int QueueDepth,
    DateTime? Watermark,
    [property: Description("Share of the last seconds in which it worked.")] double Busy,
    [property: Description("Share in which it waited for records.")] double Idle,
    [property: Description("Share in which it waited for the dead-letter topic, the store or the checkpoint.")] double BackPressured,
    double BusySeconds,
    double IdleSeconds,
    double BackPressuredSeconds)
{
    public static TaskItem Of(PartitionStatus p) => new(
        p.TopicPartition.Partition,
        NameOf(p.State),
        p.Progress.NextOffset,
        p.Lag,
        p.QueueDepth,
        Utc.OrNone(p.Progress.Watermark.Value),
        Share(p.RecentTimes.Busy, p.RecentTimes),
        Share(p.RecentTimes.Idle, p.RecentTimes),
        Share(p.RecentTimes.BackPressured, p.RecentTimes),
        Math.Round(p.Times.Busy.TotalSeconds, 3),
        Math.Round(p.Times.Idle.TotalSeconds, 3),
        Math.Round(p.Times.BackPressured.TotalSeconds, 3));

    private static double Share(TimeSpan part, TaskTimes whole) => whole.Total <= TimeSpan.Zero ? 0 : Math.Round(Math.Clamp(part / whole.Total, 0, 1), 4);

    private static string NameOf(TaskState state) => state switch
    {
        TaskState.Opening => "opening",
        TaskState.Running => "running",
        TaskState.BackPressured => "back_pressured",
        TaskState.Held => "held",
        TaskState.Fenced => "fenced",
        TaskState.Stopped => "stopped",
        _ => "failed",
    };
}
