namespace Pipeline.Storage;

/// <summary>How long results are kept and how they are written. Ages count from the time in the row (event time, window start, …), not from the write.</summary>
public sealed class StorageOptions
{
    public const string SectionName = "Storage";

    /// <summary>Age at which stored events are removed. Default: 30 days.</summary>
    public TimeSpan EventsRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Age at which late events are removed. Default: 30 days.</summary>
    public TimeSpan LateRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Age, since the record was appended to the log, at which entries of the dead-letter index are removed. Default: 30 days.</summary>
    public TimeSpan DeadLetterRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Age at which windowed metrics are removed. Default: 365 days.</summary>
    public TimeSpan WindowRetention { get; set; } = TimeSpan.FromDays(365);

    /// <summary>Age, since its start, at which a session is removed. Default: 90 days.</summary>
    public TimeSpan SessionRetention { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Age at which quality results are removed. Default: 365 days.</summary>
    public TimeSpan QualityRetention { get; set; } = TimeSpan.FromDays(365);

    /// <summary>Time between two runs of the retention. Default: 10 minutes.</summary>
    public TimeSpan RetentionInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long a write waits for another process that holds the file before it fails as transient. Default: 5 s.
    /// </summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
