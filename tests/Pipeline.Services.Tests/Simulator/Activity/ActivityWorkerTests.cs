using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts;
using Pipeline.Simulator;
using Pipeline.Simulator.Activity;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.InMemory;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Simulator.Activity;

public sealed class ActivityWorkerTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));
    private readonly InMemoryRecordLog _log;

    public ActivityWorkerTests() => _log = new InMemoryRecordLog(_time);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Worker_BeforeThereAreUsers_Waits()
    {
        await CreateTopicsAsync();
        using var host = await StartAsync();
        await AdvanceAsync(TimeSpan.FromMinutes(5));
        Assert.Empty(await ReadAsync());

        await AddUsersAsync(100);
        await UntilAsync(async () => (await ReadAsync()).Count > 20);
    }

    [Fact]
    public async Task Worker_BeforeThereAreTopics_Waits()
    {
        using var host = await StartAsync();
        await AdvanceAsync(TimeSpan.FromSeconds(2));
        await CreateTopicsAsync();
        await AddUsersAsync(100);
        await UntilAsync(async () => (await ReadAsync()).Count > 20);
    }

    [Fact]
    public async Task Worker_WithUsers_AppendsTheirEventsUnderTheirKeys()
    {
        await CreateTopicsAsync();
        var users = await AddUsersAsync(200);
        using var host = await StartAsync(("Activity:PoisonRate", "0"));
        await UntilAsync(async () => (await ReadAsync()).Count > 200);
        Assert.All(await ReadAsync(), record =>
        {
            var activity = ActivityEventJson.Read(record.Value, out var result);
            Assert.True(result.IsSuccess, result.ToString());
            Assert.Equal(activity!.UserId.ToString(), record.Key);
            Assert.Contains(activity.UserId, users);
            Assert.True(activity.EventTime <= record.Timestamp);
        });
    }

    [Fact]
    public async Task Worker_FromTheStart_HasSessionsUnderWayAndLateEvents()
    {
        await CreateTopicsAsync();
        await AddUsersAsync(5_000);
        using var host = await StartAsync(("Activity:EventsPerSecond", "100"), ("Activity:LateRate", "0.05"));
        await UntilAsync(async () => (await ReadAsync()).Count > 1_000);
        var activities = (await ReadAsync()).Select(record => (Activity: ActivityEventJson.Read(record.Value, out _), record.Timestamp)).Where(pair => pair.Activity is not null).ToArray();
        Assert.NotEqual(EventType.Login, activities.CountBy(pair => pair.Activity!.EventType).MaxBy(count => count.Value).Key);
        Assert.Contains(activities, pair => pair.Timestamp - pair.Activity!.EventTime > 120_000);
    }

    [Fact]
    public async Task Worker_AfterALongSilence_DoesNotMakeItUp()
    {
        await CreateTopicsAsync();
        await AddUsersAsync(200);
        using var host = await StartAsync(("Activity:LateRate", "0"));
        await UntilAsync(async () => (await ReadAsync()).Count > 20);
        var silence = _time.GetUtcNow().ToUnixTimeMilliseconds();
        _time.Advance(TimeSpan.FromHours(8));
        var back = _time.GetUtcNow().ToUnixTimeMilliseconds();
        await UntilAsync(async () => (await ReadAsync()).Count(record => record.Timestamp >= back) > 50);
        Assert.DoesNotContain(
            await ReadAsync(),
            record => ActivityEventJson.Read(record.Value, out _) is { } activity && activity.EventTime > silence + 30_000 && activity.EventTime < back - 30_000);
    }

    [Fact]
    public async Task Worker_SwitchedOff_IsNotThere()
    {
        using var host = await StartAsync(("Activity:Enabled", "false"));
        Assert.DoesNotContain(host.Services.GetServices<IHostedService>(), service => service is ActivityWorker);
    }

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    private async Task<IHost> StartAsync(params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddSingleton<IRecordLog>(_log);
        builder.AddActivityGenerator();
        var host = builder.Build();
        await host.StartAsync(Cancel);
        return host;
    }

    private ValueTask CreateTopicsAsync()
        => _log.CreateTopicsAsync([new(Topics.Users, Topics.Partitions, null), new(Topics.Activity, Topics.Partitions, null)], Cancel);

    private async Task<HashSet<Guid>> AddUsersAsync(int count)
    {
        using var records = new RecordBatchBuilder();
        var users = Enumerable.Range(0, count).Select(i => new Guid(i, 7, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 1)).ToHashSet();
        foreach (var user in users)
        {
            records.Add(Encoding.UTF8.GetBytes(user.ToString()), "{}"u8, 0);
        }

        await using var writer = _log.CreateWriter();
        await writer.AppendAsync(Topics.Users, records, Cancel);
        return users;
    }

    /// <summary>Lets time pass tick by tick, each tick long enough for the worker to have seen it.</summary>
    private async Task AdvanceAsync(TimeSpan duration)
    {
        for (var passed = TimeSpan.Zero; passed < duration; passed += TimeSpan.FromSeconds(1))
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }

    private Task UntilAsync(Func<Task<bool>> condition) => Eventually.TrueAsync(async () =>
    {
        _time.Advance(TimeSpan.FromMilliseconds(500));
        return await condition();
    });

    private async Task<List<(string Key, byte[] Value, long Timestamp)>> ReadAsync()
    {
        var records = new List<(string, byte[], long)>();
        foreach (var partition in (await _log.DescribeAsync(Cancel)).Where(partition => partition.TopicPartition.Topic == Topics.Activity))
        {
            for (var next = partition.Start; next < partition.HighWatermark;)
            {
                using var batch = await _log.FetchAsync(new Position(partition.TopicPartition, next), 1_000, Cancel);
                for (var i = 0; i < batch.Count; i++)
                {
                    records.Add((Encoding.UTF8.GetString(batch.Key(i)), batch.Value(i).ToArray(), batch.Timestamp(i)));
                }

                next = batch.NextOffset;
            }
        }

        return records;
    }
}
