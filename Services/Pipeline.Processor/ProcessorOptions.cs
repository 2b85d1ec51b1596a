using Pipeline.Contracts;
using Pipeline.Streaming.EventTime;
using Pipeline.Streaming.Processing;

namespace Pipeline.Processor;

/// <summary>Settings of the processor, section <c>Processor</c>.</summary>
public sealed class ProcessorOptions
{
    public const string SectionName = "Processor";

    /// <summary>Consumer group; checkpoints are kept under it. Default: <c>pipeline-processor</c>.</summary>
    public string Group { get; set; } = Topics.ProcessorGroup;

    /// <summary>How far the watermark trails the newest event time. Default: 5 s.</summary>
    public TimeSpan MaxOutOfOrderness { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A record dated further than this after its append moves no watermark. Default: 5 min.</summary>
    public TimeSpan MaxFutureSkew { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a window takes late records after it was complete. Default: 1 min.</summary>
    public TimeSpan AllowedLateness { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Silence after which a partition leaves the overall watermark. Default: 1 min.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an event id is remembered, in watermark time; what comes again later is late. 10,000 events a second cost 15 MB a minute. Default: 3 min.</summary>
    public TimeSpan DedupeHorizon { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>Silence of a user that ends a session. Default: 30 min.</summary>
    public TimeSpan SessionGap { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a session may be; a longer one is cut. Default: 1 day.</summary>
    public TimeSpan SessionMaxLength { get; set; } = TimeSpan.FromDays(1);

    /// <summary>How far a partition may run ahead of the slowest active one of its topic before it is not read for a while, in event time. Default: 10 min.</summary>
    public TimeSpan MaxWatermarkDrift { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long after its append a user's profile begins to count for activity; the time that an append may take, twice. Default: 10 s.</summary>
    public TimeSpan ProfileDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Profiles that each partition of activity keeps at most, twice over: the users seen last. Default: 50,000.</summary>
    public int MaxProfiles { get; set; } = 50_000;

    /// <summary>Rows that are gathered before they are written. Default: 5,000.</summary>
    public int FlushRows { get; set; } = 5_000;

    /// <summary>How long rows wait to be written: from one write to the next, and while more is left in the log, from the end of one. Default: 250 ms.</summary>
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How often windows that are still open are written, for live views; those of an hour every ten times only, and all of them at least ten times less often while the
    /// processor is behind the log. Default: 1 s.
    /// </summary>
    public TimeSpan EarlyInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a checkpoint is saved and the offset committed. Default: 2 s.</summary>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a stop may take to write what is processed. Default: 20 s.</summary>
    public TimeSpan DrainDeadline { get; set; } = TimeSpan.FromSeconds(20);

    internal EventTimeSettings EventTime => new()
    {
        MaxOutOfOrderness = MaxOutOfOrderness,
        MaxFutureSkew = MaxFutureSkew,
        AllowedLateness = AllowedLateness,
        IdleTimeout = IdleTimeout,
    };

    internal StreamTaskSettings Task => new()
    {
        FlushRows = FlushRows,
        FlushInterval = FlushInterval,
        EarlyInterval = EarlyInterval,
        CheckpointInterval = CheckpointInterval,
        Errors = ProcessorErrors.Policy,
    };
}
