using Pipeline.Streaming.RecordLog.Kafka;

namespace Pipeline.Streaming.Tests.RecordLog.Kafka;

internal static class KafkaLogs
{
    /// <summary>Short waits where a server allows them; no statistics.</summary>
    public static KafkaOptions Options(Action<KafkaOptions>? change = null)
    {
        var options = new KafkaOptions
        {
            ReplicationFactor = 1,
            SessionTimeout = TimeSpan.FromSeconds(6),
            StatisticsInterval = TimeSpan.Zero,
            RequestTimeout = TimeSpan.FromSeconds(20),
        };
        change?.Invoke(options);
        return options;
    }
}
