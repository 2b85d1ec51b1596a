using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Kafka;
using Pipeline.Testing;

namespace Pipeline.Streaming.Tests.RecordLog.Kafka;

/// <summary>The conformance suite against a real cluster.</summary>
public abstract class KafkaConformanceTests(string server) : RecordLogConformance
{
    protected override bool HasOurClock => false;

    protected override bool AssignsEqualNumbersTogether => false;

    protected override IRecordLog Open() => new KafkaRecordLog(RequiresServer.ConnectionString(server), KafkaLogs.Options(), TimeProvider.System);
}

public sealed class ZooKeeperKafkaConformanceTests() : KafkaConformanceTests("kafka");

public sealed class KRaftKafkaConformanceTests() : KafkaConformanceTests("kraft");
