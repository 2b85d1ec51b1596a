using System.Text;
using Pipeline.Contracts;
using Pipeline.Storage;

namespace Pipeline.EndToEnd.Kit;

/// <summary>Compares everything a data directory holds with the brute-force computation over its log.</summary>
internal static class ResultCheck
{
    private static readonly string[] Metrics = ["events", "latency", "age"];
    private static readonly string[] Dimensions = ["all", "event_type", "gender", "nationality", "nationality_gender", "age_band"];
    private static readonly string[] Grains = ["minute", "hour"];

    /// <summary>Returns what was expected, so that a test can also ask whether it was worth comparing.</summary>
    public static async Task<BruteForce> EqualsBruteForceAsync(
        string dataDirectory, TimeSpan maxOutOfOrderness, TimeSpan allowedLateness, TimeSpan sessionGap, params string[] settings)
    {
        await using var reader = new DataDirectoryReader(dataDirectory, settings);
        var expected = new BruteForce(maxOutOfOrderness, allowedLateness);
        expected.Add(await reader.ReadTopicAsync(Topics.Users));
        expected.Add(await reader.ReadTopicAsync(Topics.Activity));

        await CountersAsync(reader, expected);
        await EventsAsync(reader, expected);
        await DeadLettersAsync(reader, expected);
        await LateAsync(reader, expected);
        await WindowsAsync(reader, expected);
        Same(
            expected.Sessions(sessionGap),
            (await reader.SessionsAsync()).ToDictionary(s => (s.UserId, s.Start), s => (s.End, s.Events)),
            "sessions");
        return expected;
    }

    private static async Task CountersAsync(DataDirectoryReader reader, BruteForce expected)
    {
        var progress = (await reader.Store.GetProgressAsync(TestContext.Current.CancellationToken)).Where(p => p.Consumed > 0);
        Same(
            expected.Counters.ToDictionary(c => $"{c.Key.Topic}-{c.Key.Partition}", c => c.Value),
            progress.ToDictionary(
                p => $"{p.Topic}-{p.Partition}",
                p => new Counts { Consumed = p.Consumed, Stored = p.Stored, DeadLettered = p.DeadLettered, Late = p.Late, Duplicate = p.Duplicate }),
            "counters");
    }

    private static async Task EventsAsync(DataDirectoryReader reader, BruteForce expected)
    {
        Same(
            expected.Stored.ToDictionary(e => e.Key, e => Describe(
                e.Value.Event.UserId, e.Value.Event.Type, e.Value.Event.Time, e.Value.Record, e.Value.Event.Gender, e.Value.Event.Nationality)),
            (await reader.EventsAsync()).ToDictionary(e => e.EventId, e => Describe(
                e.UserId, e.EventType, e.EventTime, new LoggedRecord(e.Topic, e.Partition, e.Offset, e.IngestedAt, [], e.Data), e.Gender, e.Nationality)),
            "events");
    }

    private static async Task DeadLettersAsync(DataDirectoryReader reader, BruteForce expected)
        => Same(
            expected.DeadLetters.ToDictionary(d => d.Key, d => $"{Convert.ToHexString(d.Value.Key)} {Convert.ToHexString(d.Value.Original)}"),
            (await reader.DeadLettersAsync()).ToDictionary(d => (d.Topic, d.Partition, d.Offset), d => $"{Convert.ToHexString(d.Key)} {Convert.ToHexString(d.Value)}"),
            "dead letters");

    private static async Task LateAsync(DataDirectoryReader reader, BruteForce expected)
        => Same(
            expected.Late.ToDictionary(l => l.Key, l => Encoding.UTF8.GetString(l.Value.Value)),
            (await reader.LateAsync()).ToDictionary(l => (l.Topic, l.Partition, l.Offset), l => Encoding.UTF8.GetString(l.Data)),
            "late events");

    private static async Task WindowsAsync(DataDirectoryReader reader, BruteForce expected)
    {
        var actual = new Dictionary<WindowKey, Aggregate>();
        foreach (var metric in Metrics)
        {
            foreach (var dimension in Dimensions)
            {
                foreach (var grain in Grains)
                {
                    foreach (var window in (await reader.WindowsAsync(metric, dimension, grain)).Where(w => w.Aggregate.Count > 0))
                    {
                        actual.Add(new WindowKey(metric, dimension, window.Value, grain, window.WindowStart), window.Aggregate);
                    }
                }
            }
        }

        Same(expected.Windows, actual, "windows");
    }

    private static string Describe(Guid user, string type, long time, LoggedRecord at, string gender, string nationality)
        => $"{user} {type} {time} {at.Topic}-{at.Partition}@{at.Offset} {at.Timestamp} {gender} {nationality} {Encoding.UTF8.GetString(at.Value)}";

    private static void Same<TKey, TValue>(Dictionary<TKey, TValue> expected, Dictionary<TKey, TValue> actual, string what)
        where TKey : notnull
    {
        var missing = expected.Keys.Except(actual.Keys).ToArray();
        var tooMany = actual.Keys.Except(expected.Keys).ToArray();
        var wrong = expected.Where(e => actual.TryGetValue(e.Key, out var value) && !Equals(value, e.Value)).ToArray();
        Assert.True(
            missing.Length + tooMany.Length + wrong.Length == 0,
            $"{what}: {missing.Length} missing, {tooMany.Length} too many, {wrong.Length} wrong of {expected.Count}."
                + $"\nmissing: {string.Join("; ", missing.Take(3))}\ntoo many: {string.Join("; ", tooMany.Take(3))}"
                + $"\nwrong: {string.Join("\n", wrong.Take(3).Select(w => $"{w.Key}: expected {w.Value}, is {actual[w.Key]}"))}");
    }
}
