using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Kafka;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog.Kafka;

/// <summary>The conformance suite against brokers inside this process: on every machine.</summary>
public sealed class MockKafkaConformanceTests(MockKafkaFixture mock) : RecordLogConformance, IClassFixture<MockKafkaFixture>
{
    protected override bool HasOurClock => false;

    protected override bool FindsOffsetsByTime => false;

    protected override bool AssignsEqualNumbersTogether => false;

    protected override bool TellsGroups => false;

    // These brokers answer the members of a group as soon as their leader has said who gets what. One that asks a moment later is sent back to join
    // again (rdkafka_mock_cgrp.c: sync_check, member_sync_set), and while it does, they refuse what a real broker takes: the commit
    // of a member that is revoking. When that round ends without it, its generation is over, so it can't try again either.
    protected override bool TakesCommitsWhileRevoking => false;

    // A round of theirs waits for the session timeout less a second even when nobody is missing, and a move takes two or more.
    protected override IRecordLog Open()
        => new KafkaRecordLog(mock.Cluster.BootstrapServers, KafkaLogs.Options(o => o.SessionTimeout = TimeSpan.FromSeconds(2)), TimeProvider.System);

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
