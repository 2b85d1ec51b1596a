namespace Pipeline.Simulator.Activity;

/// <summary>Settings of the activity generator. Rates are shares of the events, 0 to 1; the events that are not concerned come in order, once and in time.</summary>
internal sealed class ActivityOptions
{
    public const string SectionName = "Activity";

    public bool Enabled { get; init; } = true;

    /// <summary>What happens follows from the seed, the start time and the users; default 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Mean rate over the day; default 5. A user has one session at a time, so few users make fewer events.</summary>
    public double EventsPerSecond { get; init; } = 5;

    /// <summary>Users known at most; of more, the oldest are forgotten. Default 20,000.</summary>
    public int MaxUsers { get; init; } = 20_000;

    /// <summary>Mean events of a session, its login included; default 10, at least 2.</summary>
    public double EventsPerSession { get; init; } = 10;

    /// <summary>Median of the gap between two events of a session, which is log-normal; default 8 s.</summary>
    public TimeSpan MedianGap { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Standard deviation of the gap's natural logarithm; default 1. The mean gap is <c>MedianGap · exp(GapSigma² / 2)</c>.</summary>
    public double GapSigma { get; init; } = 1;

    /// <summary>No gap inside a session is longer; default 10 minutes.</summary>
    public TimeSpan MaxGap { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How much busier the busiest hour (20:00 UTC) and how much quieter the quietest (08:00) is than the mean; default 0.</summary>
    public double DiurnalAmplitude { get; init; }

    /// <summary>Share of events that arrive up to <see cref="MaxOutOfOrderness"/> after they happened; default 5 %.</summary>
    public double OutOfOrderRate { get; init; } = 0.05;

    /// <summary>Default 4 s, which a watermark that trails by 5 s waits for.</summary>
    public TimeSpan MaxOutOfOrderness { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Share of events that arrive <see cref="MinLateness"/> to <see cref="MaxLateness"/> after they happened, as from a device that was offline; default 0.5 %.</summary>
    public double LateRate { get; init; } = 0.005;

    /// <summary>Default 20 s: some are late but still accepted.</summary>
    public TimeSpan MinLateness { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Default 10 minutes: most are too late.</summary>
    public TimeSpan MaxLateness { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Share of events that arrive twice, as from a producer that retries; default 1 %.</summary>
    public double DuplicateRate { get; init; } = 0.01;

    /// <summary>Share of events whose record is malformed; default 1 %, so that dead letters are seen within the first minute.</summary>
    public double PoisonRate { get; init; } = 0.01;

    /// <summary>How often arrivals are appended to the log; default 200 ms.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How often new users are looked for; default 5 s.</summary>
    public TimeSpan UserRefresh { get; init; } = TimeSpan.FromSeconds(5);
}
