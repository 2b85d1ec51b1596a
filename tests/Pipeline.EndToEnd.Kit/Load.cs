namespace Pipeline.EndToEnd.Kit;

/// <summary>Settings for runs that are compared with brute force: much of everything in little time, or nothing new at all.</summary>
internal static class Load
{
    public static readonly TimeSpan OutOfOrderness = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan Lateness = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan SessionGap = TimeSpan.FromSeconds(1);

    /// <summary>How events are processed; the same for every process of a group.</summary>
    public static readonly string[] Settings =
    [
        $"--Processor:MaxOutOfOrderness={OutOfOrderness}",
        $"--Processor:AllowedLateness={Lateness}",
        $"--Processor:SessionGap={SessionGap}",
        "--Processor:FlushInterval=00:00:00.050",
        "--Processor:EarlyInterval=00:00:00.200",
        "--Processor:CheckpointInterval=00:00:00.300",
    ];

    public static readonly string[] Busy =
    [
        .. Settings,
        "--Ingest:Interval=1s",
        "--Ingest:UsersPerRun=300",
        "--Activity:EventsPerSecond=300",
        "--Activity:MedianGap=200ms",
        "--Activity:Tick=50ms",
        "--Activity:UserRefresh=500ms",
        "--Activity:MaxOutOfOrderness=1s",
        "--Activity:MinLateness=3s",
        "--Activity:MaxLateness=3m",
        "--Activity:LateRate=0.05",
        "--Activity:DuplicateRate=0.05",
        "--Activity:PoisonRate=0.03",
    ];

    public static readonly string[] Quiet = [.. Settings, "--Ingest:Interval=366d", "--Activity:Enabled=false"];
}
