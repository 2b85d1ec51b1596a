using System.Collections.Concurrent;
using Cassandra;
using Pipeline.Storage.Cassandra.Reading;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// Keeps what exists in <c>buckets</c> and <c>metric_series</c>, so that listings ask for no partition in vain. What is new is
/// written before its first row; this process remembers what it wrote until the next retention.
/// </summary>
internal sealed class BucketDirectory(CassandraClient client, CassandraReader reader, RequestSender sender, Layout layout, StorageOptions storage)
{
    private const string AddBucket = "INSERT INTO buckets (listing, bucket) VALUES (?, ?) USING TTL ?";
    private const string AddSeries = "INSERT INTO metric_series (scope, metric, dimension, grain) VALUES ('" + Listings.Scope + "', ?, ?, ?)";
    private const string ReadSeries = "SELECT metric, dimension, grain FROM metric_series WHERE scope = '" + Listings.Scope + "'";
    private const string RemoveBucket = "DELETE FROM buckets WHERE listing = ? AND bucket = ?";

    // The longest bucket: the entry must outlive the last row of it.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<Bucket, bool> _buckets = new();
    private readonly ConcurrentDictionary<WindowSeries, bool> _series = new();

    /// <summary>Makes the buckets and series of a plan known; sends nothing when they are.</summary>
    public async ValueTask AnnounceAsync(WritePlan plan, CancellationToken cancellationToken)
    {
        var buckets = plan.Buckets.Where(bucket => !_buckets.ContainsKey(bucket)).ToList();
        var series = plan.Series.Where(s => !_series.ContainsKey(s)).ToList();
        if (buckets.Count + series.Count == 0)
        {
            return;
        }

        var requests = new List<IStatement>();
        foreach (var bucket in buckets)
        {
            var timeToLive = TimeToLive.Seconds(bucket.Start, LongestRetention + Longest, plan.Now);
            requests.Add(await client.BindAsync(AddBucket, cancellationToken, bucket.Listing, Times.ToTimestamp(bucket.Start), timeToLive));
        }

        foreach (var s in series)
        {
            requests.Add(await client.BindAsync(AddSeries, cancellationToken, s.Metric, s.Dimension, s.Grain));
        }

        await sender.SendAsync(requests, cancellationToken);
        buckets.ForEach(bucket => _buckets.TryAdd(bucket, true));
        series.ForEach(s => _series.TryAdd(s, true));
    }

    /// <summary>Forgets what this process knows: another one may have removed it.</summary>
    public void Reset()
    {
        _buckets.Clear();
        _series.Clear();
    }

    public async ValueTask<List<WindowSeries>> SeriesAsync(CancellationToken cancellationToken)
    {
        var all = new List<WindowSeries>();
        await foreach (var row in reader.ReadAsync(ReadSeries, [], bytes: null, cancellationToken))
        {
            all.Add(new WindowSeries(row.Text("metric"), row.Text("dimension"), row.Text("grain")));
        }

        return all;
    }

    /// <summary>Removes a bucket that is empty, if all its rows would be too old.</summary>
    public async ValueTask ForgetAsync(Bucket bucket, long before, CancellationToken cancellationToken)
    {
        if (bucket.Start + Math.Max(layout.BucketLength, Times.DayMs) <= before)
        {
            await client.ExecuteAsync(await client.BindAsync(RemoveBucket, cancellationToken, bucket.Listing, Times.ToTimestamp(bucket.Start)), cancellationToken);
        }
    }

    private TimeSpan LongestRetention => new[]
    {
        storage.EventsRetention, storage.LateRetention, storage.DeadLetterRetention, storage.WindowRetention, storage.SessionRetention, storage.QualityRetention,
    }.Max();
}
