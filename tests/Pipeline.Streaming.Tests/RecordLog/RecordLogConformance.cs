using Microsoft.Extensions.Time.Testing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

/// <summary>What every record log keeps to. An implementation derives and says how it is opened.</summary>
public abstract partial class RecordLogConformance : IAsyncLifetime
{
    private const long T0 = 1_700_000_000_000;

    // Names are per test, so that implementations with one server behind them can share it.
    private readonly string _topic = $"t{Guid.NewGuid():N}";
    private readonly string _group = $"g{Guid.NewGuid():N}";
    private readonly List<IAsyncDisposable> _opened = [];

    protected FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(T0));

    protected string Topic => _topic;

    protected string Group => _group;

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Whether a log that was closed and opened again has what it had.</summary>
    protected virtual bool IsDurable => true;

    /// <summary>Whether the log's time is <see cref="Time"/>: a broker has a clock of its own for memberships and retention.</summary>
    protected virtual bool HasOurClock => true;

    /// <summary>Whether offsets can be looked up by timestamp.</summary>
    protected virtual bool FindsOffsetsByTime => true;

    /// <summary>Whether partitions of equal number of several topics always go to the same member.</summary>
    protected virtual bool AssignsEqualNumbersTogether => true;

    /// <summary>Whether a member that gives partitions up can count on its commit.</summary>
    protected virtual bool TakesCommitsWhileRevoking => true;

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var opened in Enumerable.Reverse(_opened))
        {
            await opened.DisposeAsync();
        }

        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the log; several times on the same data when a test asks for that.</summary>
    protected abstract IRecordLog Open();

    protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    /// <summary>Makes topics that do not exist yet.</summary>
    protected virtual ValueTask CreateTopicsAsync(IRecordLog log, params TopicSpec[] topics) => log.CreateTopicsAsync(topics, Stop);

    protected T Track<T>(T opened)
        where T : IAsyncDisposable
    {
        _opened.Add(opened);
        return opened;
    }

    protected async Task<IRecordLog> OpenWithTopicAsync(int partitions = 1, TimeSpan? retention = null)
    {
        var log = Track(Open());
        await CreateTopicsAsync(log, new TopicSpec(_topic, partitions, retention));
        return log;
    }

    protected async Task<AppendResult> AppendAsync(IRecordLog log, RecordBatchBuilder records)
    {
        await using var writer = log.CreateWriter();
        using (records)
        {
            return await writer.AppendAsync(_topic, records, Stop);
        }
    }

    protected async Task<IRecordReader> SubscribeAsync(IRecordLog log, RecordingListener? listener = null, params string[] topics)
    {
        var reader = Track(log.CreateReader(_group));
        await reader.SubscribeAsync(topics.Length == 0 ? [_topic] : topics, listener ?? new RecordingListener(), Stop);
        return reader;
    }

    protected TopicPartition Partition(int number = 0) => new(_topic, number);

    /// <summary>Values of the next records, until there are <paramref name="count"/> or nothing comes any more.</summary>
    protected static async Task<List<string?>> ReadValuesAsync(IRecordReader reader, int count)
    {
        var values = new List<string?>();
        while (values.Count < count && await reader.ReadAsync(TimeSpan.FromSeconds(20), Stop) is { } batch)
        {
            using (batch)
            {
                values.AddRange(batch.Values());
            }
        }

        return values;
    }

    /// <summary>Lets members take part in the group protocol until each has what it shall have.</summary>
    // A safety net: members that wait for each other take several rounds, and other work may hold each of them up.
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(60);

    protected static Task SettleAsync(Func<bool> settled, params IRecordReader[] readers) => Eventually.TrueAsync(async () =>
    {
        foreach (var reader in readers)
        {
            (await reader.ReadAsync(TimeSpan.Zero, Stop))?.Dispose();
        }

        return settled();
    }, SettleLimit);

    private static IEnumerable<(string?, string?)> Numbered(int from, int count, string? key = null)
        => Enumerable.Range(from, count).Select(i => (key, (string?)$"v{i}"));
}
