namespace Pipeline.Processor;

internal static partial class Log
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Processing is paused; its partitions are given up.")]
    public static partial void Paused(ILogger logger);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Processing goes on.")]
    public static partial void Resumed(ILogger logger);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "The results that the log can give again are forgotten.")]
    public static partial void Forgotten(ILogger logger);
}
