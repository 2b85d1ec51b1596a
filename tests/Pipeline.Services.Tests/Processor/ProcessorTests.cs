using System.Text;
using Pipeline.Contracts;
using Pipeline.Processor;
using Pipeline.Storage;

namespace Pipeline.Services.Tests.Processor;

public sealed class ProcessorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Processor_GoodEvents_AreStoredWithTheirDimensions()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        await host.AppendAsync(Topics.Users, "a", (ProcessorHost.User(1, ProcessorHost.Noon), ProcessorHost.Noon + 100));
        await host.SettledAsync();

        var stored = await host.Store.GetEventAsync(new Guid(1, 1, 0, new byte[8]), Token);
        Assert.NotNull(stored);
        Assert.Equal(("profile", "US", "United States", "male", "35-44"), (stored.EventType, stored.Nationality, stored.Country, stored.Gender, stored.AgeBand));
        Assert.Equal(ProcessorHost.User(1, ProcessorHost.Noon), stored.Data);
        Assert.Equal(ProcessorHost.Noon + 100, stored.IngestedAt);
    }

    [Fact]
    public async Task Processor_EveryKindOfRecord_IsAccountedForOnce()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        var t = ProcessorHost.Noon;
        await host.AppendAsync(
            Topics.Users,
            "a",
            (ProcessorHost.User(1, t), t),
            (ProcessorHost.User(1, t), t),
            (Encoding.UTF8.GetBytes("{\"cut"), t),
            (ProcessorHost.User(2, t, age: 200), t),
            (ProcessorHost.User(3, t + 600_000), t + 600_000),
            (ProcessorHost.User(4, t), t + 600_000));
        var progress = Assert.Single(await host.SettledAsync(), p => p.Consumed > 0);

        Assert.Equal((6, 2, 2, 1, 1), (progress.Consumed, progress.Stored, progress.DeadLettered, progress.Late, progress.Duplicate));
        var letters = (await host.Store.QueryDeadLettersAsync(new DeadLetterQuery(), Token)).Items;
        Assert.Equal(["malformed_json", "out_of_range"], letters.Select(l => l.ReasonCode).Order());
        Assert.Equal("{\"cut", Encoding.UTF8.GetString(letters.Single(l => l.ReasonCode == "malformed_json").Value));
        Assert.Equal(595_000, Assert.Single((await host.Store.QueryLateAsync(new RangeQuery(), Token)).Items).LatenessMs);
    }

    [Fact]
    public async Task Processor_NothingButRejects_LeavesTheTimeOfTheLastStoredEvent()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        await host.AppendAsync(Topics.Users, "a", ("nonsense"u8.ToArray(), ProcessorHost.Noon));
        Assert.Equal(long.MinValue, Assert.Single(await host.SettledAsync(), p => p.Consumed > 0).LastStoredAt);
        await host.AppendAsync(Topics.Users, "a", (ProcessorHost.User(1, ProcessorHost.Noon), ProcessorHost.Noon));
        var stored = Assert.Single(await host.SettledAsync(), p => p.Consumed > 0);
        Assert.InRange(stored.LastStoredAt, ProcessorHost.Noon, stored.UpdatedAt);

        // Not even over a restart.
        await host.StopAsync();
        await host.StartAsync();
        await host.AppendAsync(Topics.Users, "a", ("nonsense"u8.ToArray(), ProcessorHost.Noon), (ProcessorHost.User(1, ProcessorHost.Noon), ProcessorHost.Noon));

        var rejected = Assert.Single(await host.SettledAsync(), p => p.Consumed > 0);
        Assert.Equal((4, 1, 2, 1), (rejected.Consumed, rejected.Stored, rejected.DeadLettered, rejected.Duplicate));
        Assert.Equal(stored.LastStoredAt, rejected.LastStoredAt);
    }

    [Fact]
    public async Task Processor_DeadLetter_LiesInItsTopicAsItCame()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        await host.AppendAsync(Topics.Activity, "k", ([0xff, 0xfe, 0x00], ProcessorHost.Noon));
        await host.SettledAsync();

        var offsets = (await host.Log.DescribeAsync(Token)).Single(p => p.TopicPartition.Topic == "user_activity.dlq" && p.HighWatermark > 0);
        using var letters = await host.Log.FetchAsync(new Pipeline.Streaming.Position(offsets.TopicPartition, 0), 10, Token);
        Assert.Equal([0xff, 0xfe, 0x00], letters.Value(0).ToArray());
        Assert.Equal("k", Encoding.UTF8.GetString(letters.Key(0)));
        var headers = Pipeline.Streaming.HeaderReader.ToList(letters.Headers(0)).ToDictionary();
        Assert.Equal("user_activity", headers["__connect.errors.topic"]);
        Assert.Equal("invalid_utf8", headers["pipeline.reason_code"]);
        Assert.Equal("schema.utf8", headers["pipeline.rule_id"]);
        Assert.Equal("0", headers["pipeline.error_offset"]);
        Assert.Equal("1", headers["pipeline.attempt"]);
    }

    [Fact]
    public async Task Processor_Windows_CountEveryDimension()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        var t = ProcessorHost.Noon;
        await host.AppendAsync(
            Topics.Users,
            "a",
            Enumerable.Range(0, 10).Select(i => (ProcessorHost.User(i, t + i, i < 4 ? "DE" : "US", age: 20 + i), t + i + 5)));
        await host.SettledAsync();

        Assert.Equal([("all", 10)], await CountsAsync(host, "all", "minute"));
        Assert.Equal([("DE", 4), ("US", 6)], await CountsAsync(host, "nationality", "hour"));
        Assert.Equal([("Germany", 4), ("United States", 6)], await CountsAsync(host, "country", "minute"));
        Assert.Equal([("female", 5), ("male", 5)], await CountsAsync(host, "gender", "minute"));
        Assert.Equal([("18-24", 5), ("25-34", 5)], await CountsAsync(host, "age_band", "minute"));
        Assert.Equal([("profile", 10)], await CountsAsync(host, "event_type", "minute"));
        Assert.Equal([("DE/female", 2), ("DE/male", 2), ("US/female", 3), ("US/male", 3)], await CountsAsync(host, "nationality_gender", "minute"));

        var age = Assert.Single((await host.Store.QueryWindowsAsync(new WindowQuery { Metric = "age" }, Token)).Items).Aggregate;
        Assert.Equal((10, 245.0, 20.0, 29.0), (age.Count, age.Sum, age.Min, age.Max));
        var latency = Assert.Single((await host.Store.QueryWindowsAsync(new WindowQuery { Metric = "latency" }, Token)).Items).Aggregate;
        Assert.Equal((10, 50.0), (latency.Count, latency.Sum));
    }

    [Fact]
    public async Task Processor_Quality_CountsCheckedAndFailedPerRule()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        var t = ProcessorHost.Noon;
        await host.AppendAsync(
            Topics.Users,
            "a",
            (ProcessorHost.User(1, t), t),
            (ProcessorHost.User(2, t, age: 200), t),
            (ProcessorHost.User(1, t), t),
            ("nonsense"u8.ToArray(), t));
        await host.SettledAsync();

        var results = (await host.Store.QueryQualityAsync(new QualityQuery { Limit = 1000 }, Token)).Items.ToDictionary(r => r.RuleId);
        Assert.Equal((4, 1), (results["schema.well_formed"].Checked, results["schema.well_formed"].Failed));
        Assert.Equal((3, 1), (results["consistency.age_range"].Checked, results["consistency.age_range"].Failed));
        Assert.Equal((2, 1), (results["consistency.duplicate_event"].Checked, results["consistency.duplicate_event"].Failed));
    }

    [Fact]
    public async Task Processor_StoppedAndStarted_ContinuesItsWindows()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        var t = ProcessorHost.Noon;
        await host.AppendAsync(Topics.Users, "a", Enumerable.Range(0, 5).Select(i => (ProcessorHost.User(i, t + i), t)));
        await host.SettledAsync();
        await host.StopAsync();

        await host.StartAsync();
        await host.AppendAsync(Topics.Users, "a", Enumerable.Range(3, 5).Select(i => (ProcessorHost.User(i, t + i), t)));
        var progress = Assert.Single(await host.SettledAsync(), p => p.Consumed > 0);

        Assert.Equal((10, 8, 2), (progress.Consumed, progress.Stored, progress.Duplicate));
        Assert.Equal([("all", 8)], await CountsAsync(host, "all", "minute"));
    }

    [Fact]
    public async Task Replay_AfterRun_GivesTheSameResults()
    {
        await using var host = new ProcessorHost();
        await host.StartAsync();
        var t = ProcessorHost.Noon;
        await host.AppendAsync(Topics.Users, "a", Enumerable.Range(0, 300).Select(i => (ProcessorHost.User(i / 2 * 2, t + (i * 1000)), t + (i * 1000))));
        await host.AppendAsync(Topics.Activity, "b", Enumerable.Range(0, 300).Select(i => (ProcessorHost.Activity(i, i % 7, t + (i * 500)), t + (i * 500))));
        await host.SettledAsync();
        var before = await SnapshotAsync(host);
        await host.StopAsync();

        await host.StartAsync(live: false);
        var reports = new List<ReplayProgress>();
        var result = await host.Get<ResultReplay>().RunAsync(endOfInput: false, new Collect(reports), Token);
        Assert.Equal(600, result.Records);
        Assert.Equal(new ReplayProgress(600, 600), reports[^1]);
        Assert.Equal(before, await SnapshotAsync(host));
        await host.StopAsync();

        await host.StartAsync();
        await host.AppendAsync(Topics.Users, "a", (ProcessorHost.User(1001, t + 300_000), t + 300_000));
        await host.SettledAsync();
        Assert.Equal(301, (await CountsAsync(host, "event_type", "hour")).Single(c => c.Value == "view").Count + 1);
    }

    private static async Task<List<(string Value, long Count)>> CountsAsync(ProcessorHost host, string dimension, string grain)
        => [.. (await host.Store.QueryWindowsAsync(new WindowQuery { Dimension = dimension, Grain = grain }, Token)).Items
            .Select(w => (w.Value, w.Aggregate.Count)).OrderBy(w => w.Value, StringComparer.Ordinal)];

    private static async Task<string> SnapshotAsync(ProcessorHost host)
    {
        var text = new StringBuilder();
        foreach (var p in (await host.Store.GetProgressAsync(Token)).Where(p => p.Consumed > 0))
        {
            text.AppendLine($"{p.Topic}-{p.Partition} {p.NextOffset} {p.Consumed} {p.Stored} {p.DeadLettered} {p.Late} {p.Duplicate} {p.Watermark}");
        }

        foreach (var grain in new[] { "minute", "hour" })
        {
            foreach (var dimension in new[] { "all", "gender", "nationality", "event_type", "nationality_gender" })
            {
                foreach (var w in (await host.Store.QueryWindowsAsync(new WindowQuery { Dimension = dimension, Grain = grain, Limit = 1000 }, Token)).Items)
                {
                    text.AppendLine($"{w.Dimension} {w.Value} {w.Grain} {w.WindowStart} {w.Aggregate} {w.IsFinal} {w.IsLateUpdate}");
                }
            }
        }

        foreach (var e in (await host.Store.QueryEventsAsync(new EventQuery { Limit = 1000 }, Token)).Items)
        {
            text.AppendLine($"{e.EventId} {e.Offset} {e.Flags}");
        }

        return text.ToString();
    }

    private sealed class Collect(List<ReplayProgress> reports) : IProgress<ReplayProgress>
    {
        public void Report(ReplayProgress value) => reports.Add(value);
    }
}
