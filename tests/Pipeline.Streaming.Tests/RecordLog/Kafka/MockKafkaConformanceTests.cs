using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Kafka;

namespace Pipeline.Streaming.Tests.RecordLog.Kafka;

/// <summary>The conformance suite against brokers inside this process: on every machine.</summary>
public sealed class MockKafkaConformanceTests(MockKafkaFixture mock) : RecordLogConformance, IClassFixture<MockKafkaFixture>
{
    protected override bool HasOurClock => false;

    protected override bool FindsOffsetsByTime => false;

    protected override bool AssignsEqualNumbersTogether => false;

    protected override bool RebalancesAsABroker => false;

    protected override IRecordLog Open() => new KafkaRecordLog(mock.Cluster.BootstrapServers, KafkaLogs.Options(), TimeProvider.System);

    protected override ValueTask CreateTopicsAsync(IRecordLog log, params TopicSpec[] topics)
    {
        foreach (var topic in topics)
        {
            mock.Cluster.CreateTopic(topic.Name, topic.Partitions);
        }

        return base.CreateTopicsAsync(log, topics);
    }
}

public sealed class MockKafkaFixture : IDisposable
{
    internal MockKafkaCluster Cluster { get; } = new();

    public void Dispose() => Cluster.Dispose();
}
