using Pipeline.Contracts;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.RecordLog.Kafka;

namespace Pipeline.Standalone.Bench;

/// <summary>A topic of events on real brokers; one that somebody else has filled is taken as it is.</summary>
internal static class KafkaTopic
{
    /// <param name="settings">What <c>Kafka:</c> settings there are count, so that they can be tried.</param>
    public static KafkaRecordLog Open(string brokers, string topic, IConfiguration settings)
    {
        var options = new KafkaOptions { Profile = KafkaProfile.Throughput };
        settings.GetSection(KafkaOptions.SectionName).Bind(options);
        return new KafkaRecordLog(brokers, options, TimeProvider.System, [topic]);
    }

    /// <summary>Makes and fills the topic when it is not there or empty.</summary>
    /// <returns>How many records it has.</returns>
    public static async Task<long> FillAsync(KafkaRecordLog log, string topic, int events, BenchDirectory directory, CancellationToken cancellationToken)
    {
        if (await CountAsync(log, topic, cancellationToken) is > 0 and var there)
        {
            return there;
        }

        await log.CreateTopicsAsync([new TopicSpec(topic, Topics.Partitions, null)], cancellationToken);
        var file = directory.File("events.ndjson");
        await BenchEvents.WriteAsync(file, events, cancellationToken);
        await using var lines = new LineFile(file);
        await using var appender = new EventAppender(log, topic, TimeProvider.System);
        await appender.AppendAsync(lines, events, cancellationToken);
        return events;
    }

    /// <summary>How many records a topic has.</summary>
    public static async Task<long> CountAsync(IRecordLog log, string topic, CancellationToken cancellationToken)
        => (await log.DescribeAsync(cancellationToken)).Where(p => p.TopicPartition.Topic == topic).Sum(p => p.HighWatermark - p.Start);
}
