namespace Pipeline.Streaming.EventTime;

/// <summary>How event time moves in a partition.</summary>
public sealed record EventTimeSettings
{
    /// <summary>How far the watermark trails the newest event time: the disorder within which a record is on time. Default: 5 s.</summary>
    public TimeSpan MaxOutOfOrderness { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A record whose event time is further than this after its append is stored, but moves no watermark. Default: 5 min.</summary>
    public TimeSpan MaxFutureSkew { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a window takes late records after the watermark passed its end. Default: 1 min.</summary>
    public TimeSpan AllowedLateness { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Silence after which a partition leaves the minimum over partitions. Default: 1 min.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What a checkpoint depends on, as text.</summary>
    public string Definition => $"out-of-orderness {Ms(MaxOutOfOrderness)} ms, future skew {Ms(MaxFutureSkew)} ms, allowed lateness {Ms(AllowedLateness)} ms";

    private static string Ms(TimeSpan time) => ((long)time.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
