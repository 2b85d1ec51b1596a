namespace Pipeline.Dashboard;

internal static partial class Log
{
    [LoggerMessage(5000, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(ILogger logger, string method, string? path, Exception exception);

    [LoggerMessage(5001, LogLevel.Warning, "Status cannot be read; live rates pause until it can: {Reason}")]
    public static partial void StatusUnavailable(ILogger logger, string reason);

    [LoggerMessage(5002, LogLevel.Information, "Status can be read again")]
    public static partial void StatusAvailable(ILogger logger);

    [LoggerMessage(5003, LogLevel.Debug, "A page's {What} could not be read: {Reason}")]
    public static partial void PageReadFailed(ILogger logger, string what, string reason);

    [LoggerMessage(5004, LogLevel.Information, "A viewer has not drawn an update for {Limit} and is dropped; its browser may come back")]
    public static partial void ViewerDropped(ILogger logger, TimeSpan limit);
}
