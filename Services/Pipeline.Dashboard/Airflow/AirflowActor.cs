using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Who calls, for the audit log.</summary>
public static class AirflowActor
{
    /// <summary>A sentence that says why; Airflow has no place for one.</summary>
    public const string ReasonHeader = "X-Reason";

    /// <summary>How the command line calls itself; its runs are <c>triggered_by</c> cli.</summary>
    public const string CommandLineAgent = "pipeline-cli";

    private const int MaxReason = 1000;

    internal static Actor Actor(this HttpContext context)
    {
        var reason = context.Request.Headers[ReasonHeader].ToString();
        var via = context.Request.Headers.UserAgent.ToString().StartsWith(CommandLineAgent, StringComparison.Ordinal) ? TriggeredBy.Cli : TriggeredBy.RestApi;
        return new Actor(
            context.User.Identity?.Name ?? "anonymous",
            reason.Length == 0 ? null : reason[..Math.Min(reason.Length, MaxReason)],
            via);
    }
}
