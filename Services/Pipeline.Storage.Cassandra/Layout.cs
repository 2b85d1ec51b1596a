namespace Pipeline.Storage.Cassandra;

/// <summary>Where rows lie: the computed parts of partition keys. Part of the stored format.</summary>
internal sealed class Layout(CassandraOptions options)
{
    private readonly long _bucketMs = (long)options.EventBucket.TotalMilliseconds;
    private readonly long _userBucketMs = (long)options.UserBucket.TotalMilliseconds;

    public int Shards => options.EventShards;

    public int Slots => options.UserSlots;

    public long BucketOf(long time) => Times.FloorOf(time, _bucketMs);

    public long UserBucketOf(long time) => Times.FloorOf(time, _userBucketMs);

    public long BucketLength => _bucketMs;

    public short ShardOf(Guid eventId) => (short)((ulong)EventId.Hash(eventId) % (ulong)options.EventShards);

    public short SlotOf(Guid userId) => (short)((ulong)EventId.Hash(userId) % (ulong)options.UserSlots);
}

/// <summary>Names under which <c>buckets</c> keeps what exists.</summary>
internal static class Listings
{
    public const string Events = "events_by_bucket";
    public const string EventsByUser = "events_by_user";
    public const string Late = "late_events";
    public const string DeadLetters = "dead_letters";
    public const string Sessions = "sessions_by_day";
    public const string Quality = "quality_by_window";

    /// <summary>The one partition of a list that is short.</summary>
    public const string Scope = "all";

    public static string DeadLettersOfReason(string reason) => "dead_letters_by_reason/" + reason;

    public static string DeadLettersOfRule(string rule) => "dead_letters_by_rule/" + rule;

    public static string QualityOfRule(string rule) => "quality_by_rule/" + rule;
}
