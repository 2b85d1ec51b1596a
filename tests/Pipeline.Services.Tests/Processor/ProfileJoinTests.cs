using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Processor;

/// <summary>Activity joined with the profiles of its users, over the real log, store and checkpoint files.</summary>
public sealed class ProfileJoinTests
{
    private const long Delay = 10_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int, int, Effect?> Cuts() => new()
    {
        { 500, 0, null },
        { 1, 0, null },
        { 37, 2, Effect.WriteResults },
        { 64, 3, Effect.SaveCheckpoint },
        { 90, 1, Effect.CommitOffset },
    };

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task Activity_AnyBatchSizeAndCrash_IsJoinedAsTheDefinitionSays(int batchSize, int crashAt, Effect? effect)
    {
        await using var host = new ProcessorHost();
        await host.StartAsync(live: false);
        await host.Log.CreateTopicsAsync([.. Topics.All.SelectMany(t => new[] { t, Topics.DeadLettersOf(t) }).Select(t => new TopicSpec(t, Topics.Partitions, null))], Token);
        var (profiles, activity) = Make(seed: batchSize);
        await host.AppendAsync(Topics.Users, "one-key", profiles.Select(p => (p.Value, p.Timestamp)));
        await host.AppendAsync(Topics.Activity, "one-key", activity.Select(a => (a.Value, a.Timestamp)));
        var partition = (await host.Log.DescribeAsync(Token)).Single(p => p.HighWatermark > 0 && p.TopicPartition.Topic == Topics.Activity);

        try
        {
            var plan = effect is { } e ? new FaultPlan(e, done: true, crashAt) : null;
            await RunAsync(host, partition, batchSize, plan is null ? null : plan.OnEffect);
            Assert.Null(effect);
        }
        catch (CrashException)
        {
            await RunAsync(host, partition, batchSize + 11, hook: null);
        }

        Assert.Equal(Expected(profiles, activity), await ActualAsync(host));
    }

    private static (List<Profile> Profiles, List<(byte[] Value, long Timestamp, int User, long Time)> Activity) Make(int seed)
    {
        var random = new Random(seed);
        var profiles = new List<Profile>();
        var activity = new List<(byte[], long, int, long)>();
        var clock = ProcessorHost.Noon;
        for (var i = 0; i < 600; i++)
        {
            clock += random.Next(400);
            var user = random.Next(30);
            if (i % 3 == 0)
            {
                // Appended a little out of order and some time after it was true; the facts change once.
                var since = clock - random.Next(30_000);
                var nationality = since < ProcessorHost.Noon + 60_000 ? "DE" : "FR";
                var value = ProcessorHost.User(user, since, nationality);
                profiles.Add(new Profile(value, clock - random.Next(2_000), user, since, nationality));
            }
            else
            {
                var time = clock - random.Next(4_000);
                activity.Add((ProcessorHost.Activity(i, user, time), clock, user, time));
            }
        }

        return (profiles, activity);
    }

    private static string Expected(List<Profile> profiles, List<(byte[] Value, long Timestamp, int User, long Time)> activity)
    {
        var rows = new StringBuilder();
        var groups = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var until = long.MinValue;
        for (var i = 0; i < activity.Count; i++)
        {
            var a = activity[i];
            until = Math.Max(until, a.Timestamp - Delay);
            var nationality = profiles.Where(p => p.User == a.User && p.Timestamp <= until && p.Since <= a.Time).OrderBy(p => p.Since)
                .Select(p => p.Nationality).LastOrDefault() ?? "unknown";
            rows.Append(CultureInfo.InvariantCulture, $"{i}{nationality} ");
            groups[nationality] = groups.GetValueOrDefault(nationality) + 1;
        }

        return $"{rows}\n{string.Join(' ', groups)}";
    }

    private static async Task<string> ActualAsync(ProcessorHost host)
    {
        var events = (await host.Store.QueryEventsAsync(new EventQuery { Limit = 1000 }, Token)).Items.OrderBy(e => e.Offset);
        var hours = (await host.Store.QueryWindowsAsync(new WindowQuery { Dimension = "nationality", Grain = WindowGrain.Hour, Limit = 1000 }, Token)).Items;
        var groups = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var hour in hours.Where(h => h.Aggregate.Count > 0))
        {
            groups[hour.Value] = groups.GetValueOrDefault(hour.Value) + hour.Aggregate.Count;
        }

        return $"{string.Concat(events.Select(e => $"{e.Offset}{e.Nationality} "))}\n{string.Join(' ', groups)}";
    }

    private static async Task RunAsync(ProcessorHost host, PartitionOffsets offsets, int batchSize, EffectHook? hook)
    {
        var settings = host.Get<IOptions<ProcessorOptions>>().Value.Task with { EarlyInterval = TimeSpan.Zero, CheckpointInterval = TimeSpan.Zero, OnEffect = hook };
        using var task = host.Get<ProcessorTasks>().Create(offsets.TopicPartition, settings);
        var position = await task.OpenAsync(offsets, Token);
        for (var turn = 1; position.Offset < offsets.HighWatermark; turn++)
        {
            var records = await host.Log.FetchAsync(position, batchSize, Token);
            position = position with { Offset = records.NextOffset };
            await task.ProcessAsync(records, Token);
            if (turn % 2 == 0)
            {
                await task.CheckpointAsync((_, _) => ValueTask.CompletedTask, Token);
            }
        }

        await task.CloseAsync((_, _) => ValueTask.CompletedTask, Token);
    }

    private sealed record Profile(byte[] Value, long Timestamp, int User, long Since, string Nationality);
}
