namespace Pipeline.Ingest;

/// <summary>Log messages of ingest: 4000 DAGs, 4020 API.</summary>
internal static partial class Log
{
    [LoggerMessage(4000, LogLevel.Information, "Fetched {Users} users of seed {Seed}, page {Page}")]
    public static partial void PageFetched(this ILogger logger, int users, string seed, int page);

    [LoggerMessage(4001, LogLevel.Information, "The API's limit of users is used up; waiting {Seconds:0} s")]
    public static partial void WaitingForLimit(this ILogger logger, double seconds);

    [LoggerMessage(4002, LogLevel.Warning, "{Users} user(s) cannot become events: {Reason}")]
    public static partial void UsersRejected(this ILogger logger, int users, string reason);

    [LoggerMessage(4003, LogLevel.Information, "Appended {Events} events to {Topic} and {DeadLetters} dead letters, all acknowledged")]
    public static partial void Produced(this ILogger logger, int events, string topic, int deadLetters);

    [LoggerMessage(4004, LogLevel.Warning, "The run's file {File} is not on this machine; it is made again, the same")]
    public static partial void FilesLeftBehind(this ILogger logger, string file);

    [LoggerMessage(4010, LogLevel.Information, "Rule {RuleId}: {Failed} of {Checked} failed ({Ratio:P2})")]
    public static partial void RuleSummarized(this ILogger logger, string ruleId, long failed, long @checked, double ratio);

    [LoggerMessage(4011, LogLevel.Warning, "Rule {RuleId} drifts: {Ratio:P2} failed, in the days before {Baseline:P2} ({Score:0.0} standard deviations)")]
    public static partial void RuleDrifts(this ILogger logger, string ruleId, double ratio, double baseline, double score);

    [LoggerMessage(4012, LogLevel.Information, "{Removed} {What} removed")]
    public static partial void Removed(this ILogger logger, long removed, string what);

    [LoggerMessage(4020, LogLevel.Warning, "{Events} event(s) from outside were refused: {Fault}")]
    public static partial void LogUnavailable(this ILogger logger, int events, string fault);
}
