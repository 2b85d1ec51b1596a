namespace Pipeline.AppHost;

/// <summary>
/// How long a server may take to answer the question whether it is healthy; then it is not, and is asked again. A server that starts may take a connection
/// and never answer on it (ZooKeeper does), and without a limit its resource would wait for that answer for good.
/// </summary>
internal static class HealthCheckLimit
{
    public static TimeSpan Value { get; } = TimeSpan.FromSeconds(10);
}
