using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>Makes the clients of the log; the one place of their settings.</summary>
internal sealed class KafkaClients(string bootstrapServers, KafkaOptions options, KafkaStatistics statistics, ILogger logger)
{
    /// <summary>Settings that delivery and commits depend on.</summary>
    public static readonly string[] Owned =
    [
        "bootstrap.servers", "group.id", "group.instance.id", "enable.auto.commit", "enable.auto.offset.store", "enable.idempotence", "acks",
        "auto.offset.reset", "enable.partition.eof", "partition.assignment.strategy", "partitioner", "message.max.bytes", "isolation.level",
    ];

    // Records may be larger than the log takes from us (the broker decides); dead letters carry headers on top.
    private const int MaxMessageBytes = RecordLimits.MaxRecordBytes + (1 << 20);

    private static readonly TimeSpan ReportPause = TimeSpan.FromSeconds(5);

    private readonly Dictionary<ErrorCode, long> _reported = [];

    public KafkaOptions Options => options;

    public string BootstrapServers => bootstrapServers;

    /// <param name="assigned">Answers with the offset to start each partition at.</param>
    public IConsumer<Ignore, Ignore> CreateGroupMember(
        string group,
        Func<IConsumer<Ignore, Ignore>, List<Confluent.Kafka.TopicPartition>, IEnumerable<TopicPartitionOffset>> assigned,
        Action<IConsumer<Ignore, Ignore>, List<TopicPartitionOffset>> revoked,
        Action<IConsumer<Ignore, Ignore>, List<TopicPartitionOffset>> lost)
    {
        var config = ConsumerConfig(group);
        config["partition.assignment.strategy"] = "cooperative-sticky";
        config["session.timeout.ms"] = Milliseconds(options.SessionTimeout);
        config["heartbeat.interval.ms"] = Milliseconds(Min(options.SessionTimeout / 3, TimeSpan.FromSeconds(3)));
        config["max.poll.interval.ms"] = Milliseconds(options.MaxPollInterval);
        config["statistics.interval.ms"] = Milliseconds(options.StatisticsInterval);

        // Per partition; a partition whose task is behind stops fetching at this, and goes on soon after it was read. Larger queues were no faster: what waits in them is in no cache any more.
        // Bytes are those of keys and values only. A record of a batch of few takes a page of memory, so during a long outage of the store the number is what bounds the process.
        config["queued.min.messages"] = "10000";
        config["queued.max.messages.kbytes"] = "8192";
        if (!string.IsNullOrEmpty(options.GroupInstanceId))
        {
            config["group.instance.id"] = options.GroupInstanceId;
        }

        return new ConsumerBuilder<Ignore, Ignore>(WithOverrides(config))
            .SetPartitionsAssignedHandler(assigned)
            .SetPartitionsRevokedHandler(revoked)
            .SetPartitionsLostHandler(lost)
            .SetStatisticsHandler((_, json) => statistics.Offer(json))
            .SetErrorHandler((_, error) => Report(error))
            .SetLogHandler((_, message) => Report(message))
            .Build();
    }

    /// <summary>Reads partitions that it is told to, outside any group.</summary>
    public IConsumer<Ignore, Ignore> CreateBrowser()
    {
        var config = ConsumerConfig("pipeline-browse");
        config["queued.max.messages.kbytes"] = "4096";
        config["fetch.message.max.bytes"] = "1048576";

        // Only its partitions' queues are read, so errors must not be queued for a handler: they are logged.
        return new ConsumerBuilder<Ignore, Ignore>(WithOverrides(config))
            .SetLogHandler((_, message) => Report(message))
            .Build();
    }

    /// <summary>Asks for the offsets of a group that it never joins. Nobody polls it, so errors must not be queued for a handler: they are logged.</summary>
    public IConsumer<Ignore, Ignore> CreateObserver(string group) => new ConsumerBuilder<Ignore, Ignore>(WithOverrides(ConsumerConfig(group)))
        .SetLogHandler((_, message) => Report(message))
        .Build();

    public IProducer<byte[]?, byte[]?> CreateProducer()
    {
        var isThroughput = options.Profile == KafkaProfile.Throughput;
        var config = ClientConfig();
        config["enable.idempotence"] = "true";
        config["acks"] = "all";

        // As Kafka's own clients and the embedded log place keys; a record without a key goes anywhere.
        config["partitioner"] = "murmur2_random";
        config["sticky.partitioning.linger.ms"] = "0";
        config["linger.ms"] = isThroughput ? "50" : "1";
        config["compression.type"] = options.Compression;
        config["message.max.bytes"] = MaxMessageBytes.ToString(CultureInfo.InvariantCulture);
        config["message.timeout.ms"] = Milliseconds(options.DeliveryTimeout);
        config["queue.buffering.max.messages"] = "200000";
        config["queue.buffering.max.kbytes"] = "131072";
        config["statistics.interval.ms"] = Milliseconds(options.StatisticsInterval);

        // A report says where a record went; the record itself is still at hand.
        config["dotnet.producer.delivery.report.fields"] = "none";
        return new ProducerBuilder<byte[]?, byte[]?>(WithOverrides(config))
            .SetKeySerializer(Serializers.ByteArray!)
            .SetValueSerializer(Serializers.ByteArray!)
            .SetStatisticsHandler((_, json) => statistics.Offer(json))
            .SetErrorHandler((_, error) => Report(error))
            .SetLogHandler((_, message) => Report(message))
            .Build();
    }

    public IAdminClient CreateAdmin() => new AdminClientBuilder(WithOverrides(ClientConfig()))
        .SetErrorHandler((_, error) => Report(error))
        .SetLogHandler((_, message) => Report(message))
        .Build();

    private static string Milliseconds(TimeSpan time) => ((int)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private Dictionary<string, string> ConsumerConfig(string group)
    {
        var isThroughput = options.Profile == KafkaProfile.Throughput;
        var config = ClientConfig();
        config["group.id"] = group;

        // Offsets are committed when their results are confirmed, by us and nobody else.
        config["enable.auto.commit"] = "false";
        config["enable.auto.offset.store"] = "false";

        // Without a committed offset a partition is read from its start. An offset that does not exist leads there, too; the reader notices.
        config["auto.offset.reset"] = "earliest";
        config["enable.partition.eof"] = "true";
        config["isolation.level"] = "read_committed";

        // The default of one second lets a full queue starve its reader: it empties in a few ms while catching up.
        config["fetch.queue.backoff.ms"] = "5";
        config["fetch.wait.max.ms"] = "100";
        config["fetch.min.bytes"] = isThroughput ? "65536" : "1";
        config["fetch.error.backoff.ms"] = "100";
        return config;
    }

    private Dictionary<string, string> ClientConfig()
    {
        var config = new Dictionary<string, string>
        {
            ["bootstrap.servers"] = bootstrapServers,
            ["client.id"] = "pipeline",
            ["security.protocol"] = options.SecurityProtocol,

            // A misspelt topic is an error, whatever the brokers would make of it.
            ["allow.auto.create.topics"] = "false",

            // A broker that returns after a restart shall be found soon.
            ["reconnect.backoff.ms"] = "50",
            ["reconnect.backoff.max.ms"] = "2000",
            ["socket.keepalive.enable"] = "true",
            ["log.connection.close"] = "false",
        };
        Add("sasl.mechanism", options.SaslMechanism);
        Add("sasl.username", options.SaslUsername);
        Add("sasl.password", options.SaslPassword);
        Add("ssl.ca.location", options.SslCaLocation);
        return config;

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                config[name] = value;
            }
        }
    }

    private Dictionary<string, string> WithOverrides(Dictionary<string, string> config)
    {
        foreach (var (name, value) in options.Client)
        {
            config[name] = value;
        }

        return config;
    }

    // The client mends its connections itself, so none of this is more than a warning; and while a broker is away it says so many times a second.
    private void Report(Error error)
    {
        var now = Stopwatch.GetTimestamp();
        var isDue = false;
        lock (_reported)
        {
            if (!_reported.TryGetValue(error.Code, out var last) || Stopwatch.GetElapsedTime(last, now) >= ReportPause)
            {
                (_reported[error.Code], isDue) = (now, true);
            }
        }

        if (isDue)
        {
            Log.KafkaError(logger, error.Code, error.Reason);
        }
    }

    private void Report(LogMessage message) => Log.KafkaLog(logger, message.Facility, message.Message);
}
