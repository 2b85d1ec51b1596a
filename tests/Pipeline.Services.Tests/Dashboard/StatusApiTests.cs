using System.Net;
using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Services.Tests.Dashboard;

public sealed class StatusApiTests(DashboardHost host) : DashboardFixture(host), IClassFixture<DashboardHost>
{
    [Fact]
    public async Task Status_NothingYet_IsZeroEverywhere()
    {
        var status = await GetAsync("/api/status");

        Assert.Equal("embedded", status.GetProperty("profile").GetString());
        Assert.Equal("2026-05-01T12:00:00Z", status.GetProperty("started_at").GetString());
        Assert.Equal(0, status.GetProperty("totals").GetProperty("consumed").GetInt64());
        Assert.Equal(JsonValueKind.Null, status.GetProperty("watermark").ValueKind);
        Assert.Equal(JsonValueKind.Null, status.GetProperty("freshness").GetProperty("age_seconds").ValueKind);
    }

    [Fact]
    public async Task Topics_ConsumedPartly_ShowCommittedAndLag()
    {
        Partition(Topics.Users, 0, start: 10, end: 100);
        RecordLog.Committed.Add(new Position(new TopicPartition(Topics.Users, 0), 70));

        var topic = (await GetAsync("/api/status")).GetProperty("topics")[0];

        Assert.Equal((10, 100, 70, 30), (Number(topic, "start"), Number(topic, "end"), Number(topic, "committed"), Number(topic, "lag")));
    }

    [Fact]
    public async Task Waiting_StoredBeyondTheCommit_CountsWhatIsNotStored()
    {
        Partition(Topics.Users, 0, start: 10, end: 100);
        RecordLog.Committed.Add(new Position(new TopicPartition(Topics.Users, 0), 70));
        Store.Progress.Add(Progress(0) with { NextOffset = 95 });

        Assert.Equal(5, Number(await GetAsync("/api/status"), "waiting"));
    }

    [Fact]
    public async Task Topics_NeverCommitted_LagFromTheStart()
    {
        Partition(Topics.Activity, 2, start: 5, end: 25);

        var topic = (await GetAsync("/api/status")).GetProperty("topics")[0];

        Assert.Equal((5, 20), (Number(topic, "committed"), Number(topic, "lag")));
    }

    [Fact]
    public async Task Topics_ThatNobodyConsumes_HaveNoLag()
    {
        Partition(Topics.Users + Topics.DeadLetterSuffix, 0, start: 0, end: 4);

        var topic = (await GetAsync("/api/status")).GetProperty("topics")[0];

        Assert.Equal(JsonValueKind.Null, topic.GetProperty("committed").ValueKind);
        Assert.Equal(0, Number(topic, "lag"));
    }

    [Fact]
    public async Task Totals_OverPartitions_AreSummedAndBalanced()
    {
        Store.Progress.Add(Progress(0) with { Consumed = 10, Stored = 6, DeadLettered = 2, Late = 1, Duplicate = 1 });
        Store.Progress.Add(Progress(1) with { Consumed = 5, Stored = 5 });

        var totals = (await GetAsync("/api/status")).GetProperty("totals");

        Assert.Equal((15, 11, 2, 1, 1), (Number(totals, "consumed"), Number(totals, "stored"), Number(totals, "dead_lettered"), Number(totals, "late"), Number(totals, "duplicate")));
        Assert.True(totals.GetProperty("balanced").GetBoolean());
    }

    [Fact]
    public async Task Watermark_OnePartitionIdle_IsTheMinimumOfTheOthers()
    {
        var now = Now.ToUnixTimeMilliseconds();
        Store.Progress.Add(Progress(0) with { Watermark = now - 3_600_000, UpdatedAt = now - 3_000_000 });
        Store.Progress.Add(Progress(1) with { Watermark = now - 5_000, UpdatedAt = now });
        Store.Progress.Add(Progress(2) with { Watermark = now - 9_000, UpdatedAt = now });

        Assert.Equal("2026-05-01T11:59:51Z", (await GetAsync("/api/status")).GetProperty("watermark").GetString());
    }

    [Fact]
    public async Task Freshness_OnlyRejectsSinceTheLastEvent_IsTheAgeOfTheEvent()
    {
        Store.Progress.Add(Progress(0) with { Consumed = 1, Stored = 1, LastStoredAt = Now.ToUnixTimeMilliseconds() - 2_500, UpdatedAt = Now.ToUnixTimeMilliseconds() });

        Assert.Equal(2.5, (await GetAsync("/api/status")).GetProperty("freshness").GetProperty("age_seconds").GetDouble());
    }

    [Fact]
    public async Task Status_LogOutOfReach_IsServiceUnavailable()
    {
        RecordLog.Failure = new RecordLogException("The log is busy.", isTransient: true);

        var problem = await GetProblemAsync("/api/status", HttpStatusCode.ServiceUnavailable);

        Assert.Contains("The log is busy.", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();

    private static PartitionProgress Progress(int partition) => new() { Topic = Topics.Users, Partition = partition, Epoch = 1, NextOffset = 0 };

    private void Partition(string topic, int partition, long start, long end)
    {
        RecordLog.Partitions.Clear();
        RecordLog.Partitions.Add(new PartitionOffsets(new TopicPartition(topic, partition), start, end));
    }
}
