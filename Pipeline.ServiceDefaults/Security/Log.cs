using Microsoft.Extensions.Logging;

namespace Pipeline.ServiceDefaults.Security;

internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "Somebody could not be signed in at the provider: {Reason}")]
    public static partial void SignInFailed(ILogger logger, string reason);
}
