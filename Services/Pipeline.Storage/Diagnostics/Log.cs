using Microsoft.Extensions.Logging;

namespace Pipeline.Storage.Diagnostics;

/// <summary>Messages of the result store; event ids 2000 to 2099.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Results are kept in {File} (schema {Version})")]
    public static partial void Initialized(ILogger logger, string file, int version);

    [LoggerMessage(2001, LogLevel.Information, "{Topic}-{Partition} is now written by {Owner} (epoch {Epoch})")]
    public static partial void Claimed(ILogger logger, string topic, int partition, string owner, long epoch);

    [LoggerMessage(2002, LogLevel.Information, "The results of {Partitions} partitions are being rebuilt from the log by {Owner}")]
    public static partial void Reset(ILogger logger, int partitions, string owner);

    [LoggerMessage(2003, LogLevel.Information, "Retention removed {Rows} rows")]
    public static partial void RetentionApplied(ILogger logger, long rows);

    [LoggerMessage(2004, LogLevel.Warning, "Retention could not run and will be tried again in {Interval}: {Reason}")]
    public static partial void RetentionFailed(ILogger logger, TimeSpan interval, string reason);

    [LoggerMessage(2005, LogLevel.Warning, "The result store is not ready and will be tried again in {Delay}: {Reason}")]
    public static partial void NotReady(ILogger logger, TimeSpan delay, string reason);
}
