using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Services.Tests.Dashboard;

/// <summary>Rates need a clock that goes on, so this host is not shared.</summary>
public sealed class StatusRateTests : DashboardFixture
{
    [Fact]
    public async Task Rates_TwoSamples_ArePerSecond()
    {
        RecordLog.Partitions.Add(Users(end: 100));
        Store.Progress.Add(new PartitionProgress { Topic = Topics.Users, Partition = 0, Epoch = 1, NextOffset = 0, Consumed = 100, Stored = 90 });

        await Eventually.TrueAsync(async () =>
        {
            // The sampler may not have taken its first sample when the clock is moved; more seconds then make up for it.
            RecordLog.Partitions[0] = Users(RecordLog.Partitions[0].HighWatermark + 50);
            Clock.Advance(TimeSpan.FromSeconds(1));
            return (await GetAsync("/api/status")).GetProperty("rates").GetProperty("ingested").GetDouble() > 0;
        });
    }

    private static PartitionOffsets Users(long end) => new(new TopicPartition(Topics.Users, 0), 0, end);
}
