namespace Pipeline.Scheduling;

/// <summary>How this scheduler instance works; what a DAG does stands in the DAG.</summary>
public sealed class SchedulingOptions
{
    public const string SectionName = "Scheduling";

    /// <summary>Tries that may run at once in this instance. Default: 8.</summary>
    public int MaxActiveTasks { get; set; } = 8;

    /// <summary>
    /// How often the database is looked at for what other processes did; this process's own doing, and on PostgreSQL everybody's, is seen at once, so that
    /// there, while no run is under way, <see cref="HeartbeatInterval"/> is enough. Default: 1 s.
    /// </summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often this instance says that it is alive. Default: 5 s.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence after which an instance counts as dead and its runs are taken over. Default: 30 s.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long tries under way may go on when the host stops, before they are interrupted and left for another instance. Default: 3 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a cancelled try may take to return before it is abandoned. Default: 10 s.</summary>
    public TimeSpan CancellationGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long finished runs, their task instances, results and logs are kept. Default: 3 days.</summary>
    public TimeSpan RunRetention { get; set; } = TimeSpan.FromDays(3);

    /// <summary>How long the files of a finished run are kept. Default: 1 hour.</summary>
    public TimeSpan RunFilesRetention { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How often old runs and files are removed. Default: 1 min.</summary>
    public TimeSpan PruneInterval { get; set; } = TimeSpan.FromMinutes(1);
}
