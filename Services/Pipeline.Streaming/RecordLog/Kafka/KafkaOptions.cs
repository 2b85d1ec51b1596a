namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>How the record log talks to Kafka, section <c>Kafka</c>. The brokers are <c>ConnectionStrings:kafka</c>: <c>host:port[,host:port…]</c>.</summary>
public sealed class KafkaOptions
{
    public const string SectionName = "Kafka";

    /// <summary>The name of the connection string.</summary>
    public const string ConnectionName = "kafka";

    /// <summary>Copies of every partition of a topic that is created. Default: −1, the broker's own default; 3 for production.</summary>
    public int ReplicationFactor { get; set; } = -1;

    /// <summary>What is weighed higher: a record's latency or the number of records. Default: <see cref="KafkaProfile.Latency"/>.</summary>
    public KafkaProfile Profile { get; set; } = KafkaProfile.Latency;

    /// <summary>How batches are compressed: none, gzip, snappy, lz4, zstd. Default: lz4.</summary>
    public string Compression { get; set; } = "lz4";

    /// <summary>How long an append is tried before it fails (the caller may try again). Default: 60 s.</summary>
    public TimeSpan DeliveryTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a start waits for the brokers before it gives up. Default: 2 min.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a question to the brokers (offsets, topics) may take. Default: 10 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A reader that is not heard of for this long counts as dead. Default: 30 s; the broker allows 6 s to 30 min.</summary>
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A reader that does not read for this long counts as stuck, and its partitions move. Default: 5 min.</summary>
    public TimeSpan MaxPollInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Static membership: a name, different for every instance, under which a restarted reader gets its partitions back without a
    /// rebalance if it returns within the session timeout. Default: none.
    /// </summary>
    public string? GroupInstanceId { get; set; }

    /// <summary>How often the client's own statistics become metrics. Default: 10 s; zero turns them off.</summary>
    public TimeSpan StatisticsInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>plaintext, ssl, sasl_plaintext or sasl_ssl. Default: plaintext.</summary>
    public string SecurityProtocol { get; set; } = "plaintext";

    /// <summary>PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI; for the sasl protocols.</summary>
    public string? SaslMechanism { get; set; }

    public string? SaslUsername { get; set; }

    public string? SaslPassword { get; set; }

    /// <summary>A file with the certificates (PEM) that broker certificates are checked against. Default: the system's.</summary>
    public string? SslCaLocation { get; set; }

    /// <summary>
    /// Any other property of librdkafka by its own name, as <c>Kafka:Client:socket.keepalive.enable=true</c>; wins over ours, except
    /// where the delivery guarantee depends on it.
    /// </summary>
    public Dictionary<string, string> Client { get; set; } = [];
}

/// <summary>What the client's queues and waits are tuned for.</summary>
public enum KafkaProfile
{
    /// <summary>A record waits at most 1 ms for company, and for the append before it.</summary>
    Latency,

    /// <summary>A record waits up to 50 ms, and brokers are asked for more at a time.</summary>
    Throughput,
}
