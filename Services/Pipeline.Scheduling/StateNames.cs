using System.Text.Json;

namespace Pipeline.Scheduling;

/// <summary>States as Airflow writes them, in the database and in the API.</summary>
public static class StateNames
{
    public static string ToWireName(this DagRunState state) => state switch
    {
        DagRunState.Queued => "queued",
        DagRunState.Running => "running",
        DagRunState.Success => "success",
        DagRunState.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    public static string ToWireName(this DagRunType type) => type switch
    {
        DagRunType.Scheduled => "scheduled",
        DagRunType.Manual => "manual",
        DagRunType.Backfill => "backfill",
        DagRunType.AssetTriggered => "asset_triggered",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    public static string ToWireName(this TaskInstanceState state) => state switch
    {
        TaskInstanceState.None => "none",
        TaskInstanceState.Scheduled => "scheduled",
        TaskInstanceState.Queued => "queued",
        TaskInstanceState.Running => "running",
        TaskInstanceState.UpForRetry => "up_for_retry",
        TaskInstanceState.Success => "success",
        TaskInstanceState.Failed => "failed",
        TaskInstanceState.UpstreamFailed => "upstream_failed",
        TaskInstanceState.Skipped => "skipped",
        TaskInstanceState.Removed => "removed",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    public static string ToWireName(this TriggeredBy by) => by switch
    {
        TriggeredBy.Timetable => "timetable",
        TriggeredBy.RestApi => "rest_api",
        TriggeredBy.Cli => "cli",
        TriggeredBy.Ui => "ui",
        TriggeredBy.Backfill => "backfill",
        TriggeredBy.Asset => "asset",
        TriggeredBy.Operator => "operator",
        TriggeredBy.Test => "test",
        _ => throw new ArgumentOutOfRangeException(nameof(by), by, null),
    };

    public static string ToWireName(this ReprocessBehavior behavior) => behavior switch
    {
        ReprocessBehavior.None => "none",
        ReprocessBehavior.Failed => "failed",
        ReprocessBehavior.Completed => "completed",
        _ => throw new ArgumentOutOfRangeException(nameof(behavior), behavior, null),
    };

    public static string ToWireName(this TriggerRule rule) => JsonNamingPolicy.SnakeCaseLower.ConvertName(rule.ToString());

    public static string ToWireName(this WeightRule rule) => JsonNamingPolicy.SnakeCaseLower.ConvertName(rule.ToString());

    public static DagRunState ParseDagRunState(string name) => Parse(name, Enum.GetValues<DagRunState>(), ToWireName);

    public static DagRunType ParseDagRunType(string name) => Parse(name, Enum.GetValues<DagRunType>(), ToWireName);

    public static TaskInstanceState ParseTaskInstanceState(string name) => Parse(name, Enum.GetValues<TaskInstanceState>(), ToWireName);

    public static TriggeredBy ParseTriggeredBy(string name) => Parse(name, Enum.GetValues<TriggeredBy>(), ToWireName);

    public static ReprocessBehavior ParseReprocessBehavior(string name) => Parse(name, Enum.GetValues<ReprocessBehavior>(), ToWireName);

    public static TriggerRule ParseTriggerRule(string name) => Parse(name, Enum.GetValues<TriggerRule>(), ToWireName);

    public static WeightRule ParseWeightRule(string name) => Parse(name, Enum.GetValues<WeightRule>(), ToWireName);

    private static T Parse<T>(string name, T[] values, Func<T, string> wireName)
    {
        foreach (var value in values)
        {
            if (wireName(value) == name)
            {
                return value;
            }
        }

        throw new FormatException($"'{name}' is not a {typeof(T).Name}.");
    }
}
