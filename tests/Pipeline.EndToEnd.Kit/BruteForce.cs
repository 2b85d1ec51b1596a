using Pipeline.Contracts;
using Pipeline.Storage;

namespace Pipeline.EndToEnd.Kit;

/// <summary>
/// What the results must be, computed from the log in the most obvious way: record by record, everything in dictionaries, no
/// batches, no checkpoints, no restarts.
/// </summary>
internal sealed class BruteForce(TimeSpan maxOutOfOrderness, TimeSpan allowedLateness)
{
    private const long Minute = 60_000;
    private const long Hour = 3_600_000;
    private static readonly long FutureSkew = (long)TimeSpan.FromMinutes(5).TotalMilliseconds;

    /// <summary>From when on after its append a profile counts for activity.</summary>
    private const long ProfileDelay = 10_000;

    private readonly Dictionary<Guid, List<(LoggedRecord Record, PlainEvent Event)>> _profiles = [];
    private readonly long _outOfOrderness = (long)maxOutOfOrderness.TotalMilliseconds;
    private readonly long _lateness = (long)allowedLateness.TotalMilliseconds;

    public Dictionary<(string Topic, int Partition), Counts> Counters { get; } = [];

    public Dictionary<Guid, (LoggedRecord Record, PlainEvent Event)> Stored { get; } = [];

    public Dictionary<(string Topic, int Partition, long Offset), LoggedRecord> Late { get; } = [];

    public Dictionary<(string Topic, int Partition, long Offset), LoggedRecord> DeadLetters { get; } = [];

    public Dictionary<WindowKey, Aggregate> Windows { get; } = [];

    /// <summary>Adds a topic's records; those of users before those of activity, which is joined with them.</summary>
    public void Add(IEnumerable<LoggedRecord> records)
    {
        foreach (var partition in records.GroupBy(r => (r.Topic, r.Partition)))
        {
            Counters[partition.Key] = Process([.. partition.OrderBy(r => r.Offset)]);
        }
    }

    /// <summary>What the stored activity makes of each user: runs of events without a longer silence than the gap.</summary>
    public Dictionary<(Guid User, long Start), (long End, long Events)> Sessions(TimeSpan gap)
    {
        var sessions = new Dictionary<(Guid, long), (long, long)>();
        foreach (var user in Stored.Values.Where(s => s.Record.Topic == Topics.Activity).GroupBy(s => s.Event.UserId))
        {
            var (start, last, events) = (long.MinValue, long.MinValue, 0L);
            foreach (var time in user.Select(s => s.Event.Time).Order())
            {
                if (events == 0 || time - last > (long)gap.TotalMilliseconds)
                {
                    (start, events) = (time, 0);
                }

                (last, events) = (time, events + 1);
                sessions[(user.Key, start)] = (last, events);
            }
        }

        return sessions;
    }

    private Counts Process(IReadOnlyList<LoggedRecord> records)
    {
        var counts = new Counts { Consumed = records.Count };
        var newest = long.MinValue;
        var seen = new HashSet<Guid>();
        var profilesUntil = long.MinValue;
        foreach (var record in records)
        {
            var position = (record.Topic, record.Partition, record.Offset);
            profilesUntil = Math.Max(profilesUntil, record.Timestamp - ProfileDelay);
            if (PlainEvent.Read(record.Topic, record.Value) is not { } e)
            {
                counts.DeadLettered++;
                DeadLetters.Add(position, record);
                continue;
            }

            e = e.Type == "profile" ? Remember(record, e) : Join(e, profilesUntil);
            if (e.Time > newest && e.Time - record.Timestamp <= FutureSkew)
            {
                newest = e.Time;
            }

            if (!seen.Add(e.EventId))
            {
                counts.Duplicate++;
            }
            else if (newest != long.MinValue && StartOf(e.Time, Minute) + Minute + _lateness <= newest - _outOfOrderness)
            {
                counts.Late++;
                Late.Add(position, record);
            }
            else
            {
                counts.Stored++;
                Stored.Add(e.EventId, (record, e));
                Count(e, record, "minute", StartOf(e.Time, Minute));
                Count(e, record, "hour", StartOf(e.Time, Hour));
            }
        }

        return counts;
    }

    private PlainEvent Remember(LoggedRecord record, PlainEvent profile)
    {
        if (!_profiles.TryGetValue(profile.UserId, out var known))
        {
            _profiles[profile.UserId] = known = [];
        }

        known.Add((record, profile));
        return profile;
    }

    private PlainEvent Join(PlainEvent activity, long profilesUntil)
    {
        var profile = _profiles.GetValueOrDefault(activity.UserId, [])
            .Where(p => p.Record.Timestamp <= profilesUntil && p.Event.Time <= activity.Time)
            .OrderBy(p => p.Event.Time).ThenBy(p => p.Record.Offset)
            .Select(p => p.Event)
            .LastOrDefault();
        return profile is null ? activity : activity with { Gender = profile.Gender, Nationality = profile.Nationality, Age = profile.Age };
    }

    private void Count(PlainEvent e, LoggedRecord record, string grain, long start)
    {
        (string Dimension, string Value)[] groups =
        [
            ("all", "all"),
            ("event_type", e.Type),
            ("gender", e.Gender),
            ("nationality", e.Nationality),
            ("nationality_gender", $"{e.Nationality}/{e.Gender}"),
            ("age_band", EventEnrichment.AgeBand(e.Age ?? -1)),
        ];
        foreach (var (dimension, value) in groups)
        {
            Merge(new WindowKey("events", dimension, value, grain, start), 1);
            Merge(new WindowKey("latency", dimension, value, grain, start), record.Timestamp - e.Time);
            if (e.Age is { } age)
            {
                Merge(new WindowKey("age", dimension, value, grain, start), age);
            }
        }
    }

    private void Merge(WindowKey key, double x)
    {
        var one = new Aggregate(1, x, x * x, x, x);
        Windows[key] = Windows.TryGetValue(key, out var sum) ? sum.Merge(one) : one;
    }

    private static long StartOf(long time, long size) => time - (((time % size) + size) % size);
}

internal sealed record WindowKey(string Metric, string Dimension, string Value, string Grain, long Start);

internal sealed record Counts
{
    public long Consumed { get; set; }

    public long Stored { get; set; }

    public long DeadLettered { get; set; }

    public long Late { get; set; }

    public long Duplicate { get; set; }
}
