namespace Pipeline.Ingest;

/// <summary>Where users are fetched from, how many and how often; and what <c>POST /api/events</c> accepts.</summary>
public sealed class IngestOptions
{
    public const string SectionName = "Ingest";

    /// <summary>Users that one call of the API may ask for.</summary>
    public const int MaxUsersPerCall = 5_000;

    /// <summary>Users that one run may fetch.</summary>
    public const int MaxUsersPerRun = 20_000;

    internal static readonly TimeSpan EmbeddedInterval = TimeSpan.FromSeconds(10);

    internal static readonly TimeSpan ServersInterval = TimeSpan.FromMinutes(1);

    /// <summary>Address of the RandomUser API, genuine or simulated. Default: the genuine one, version 1.4.</summary>
    public string BaseUrl { get; set; } = "https://randomuser.me/api/1.4/";

    /// <summary>How often users are fetched. Default: 10 s on the embedded log, 1 min with Kafka.</summary>
    public TimeSpan Interval { get; set; } = EmbeddedInterval;

    /// <summary>Users per run, in calls of at most 5,000. Default: 200; at most 20,000, what the API gives in five minutes.</summary>
    public int UsersPerRun { get; set; } = 200;

    /// <summary>Fetches the people of this seed in every run, instead of other people for every data interval.</summary>
    public string? Seed { get; set; }

    /// <summary>How long one call of the API may take, body included. Default: 60 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Largest body believed to be an answer. Default: 32 MiB; 5,000 users are about 6 MB.</summary>
    public int MaxResponseBytes { get; set; } = 32 << 20;

    /// <summary>Tries of a task after the first. Default: 4.</summary>
    public int Retries { get; set; } = 4;

    /// <summary>Wait before a task's first retry; it doubles, with jitter, up to a minute. Default: 2 s.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Users that the API gives within <see cref="RateLimitWindow"/>; this side waits rather than go beyond. Default: 20,000.</summary>
    public int RateLimitUsers { get; set; } = 20_000;

    /// <summary>Default: 5 min.</summary>
    public TimeSpan RateLimitWindow { get; set; } = TimeSpan.FromMinutes(5);

    public IngestApiOptions Api { get; set; } = new();
}

/// <summary>Limits of <c>POST /api/events</c>.</summary>
public sealed class IngestApiOptions
{
    /// <summary>Bytes of a request's body. Default: 10 MiB.</summary>
    public int MaxBodyBytes { get; set; } = 10 << 20;

    /// <summary>Events in a request. Default: 10,000.</summary>
    public int MaxItems { get; set; } = 10_000;

    /// <summary>Bytes of one event. Default: 64 KiB.</summary>
    public int MaxItemBytes { get; set; } = 64 << 10;

    /// <summary>What a client is told to wait when the log cannot take events. Default: 5 s.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(5);
}
