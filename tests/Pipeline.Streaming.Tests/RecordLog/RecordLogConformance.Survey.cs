using Pipeline.Streaming.RecordLog;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog;

public abstract partial class RecordLogConformance
{
    /// <summary>Whether the log can say which groups there are.</summary>
    protected virtual bool TellsGroups => true;

    [Fact]
    public async Task Groups_WithAMemberAndAfterIt_AreKnown()
    {
        Assert.SkipUnless(TellsGroups, "brokers inside this process do not list groups");
        var log = await OpenWithTopicAsync();
        await AppendAsync(log, Records.Of(Numbered(0, 2)));
        var reader = await SubscribeAsync(log);
        await ReadValuesAsync(reader, 2);
        await reader.CommitAsync([new Position(Partition(), 1)], Stop);

        await Eventually.TrueAsync(async () => (await log.ListGroupsAsync(Stop)).Contains(new ConsumerGroup(Group, 1)), SettleLimit);
        await reader.DisposeAsync();
        await Eventually.TrueAsync(async () => (await log.ListGroupsAsync(Stop)).Contains(new ConsumerGroup(Group, 0)), SettleLimit);
    }

    [Fact]
    public async Task Locate_OfATopic_TellsWhereEachPartitionLies()
    {
        var log = await OpenWithTopicAsync(partitions: 2);
        await AppendAsync(log, Records.Of((null, new string('x', 5000))));

        var places = (await log.LocateAsync(Stop)).Where(p => p.TopicPartition.Topic == Topic).ToArray();

        Assert.Equal([Partition(0), Partition(1)], places.Select(p => p.TopicPartition));
        Assert.All(places, p => Assert.True(p.InSync >= 1 && p.InSync <= p.Replicas));

        // A log that is not on brokers knows its bytes, and one that is knows who leads.
        Assert.All(places, p => Assert.NotEqual(p.Leader is null, p.Bytes is null));
        Assert.True(places[0].Bytes is null || places.Sum(p => p.Bytes) >= 100);
    }
}
