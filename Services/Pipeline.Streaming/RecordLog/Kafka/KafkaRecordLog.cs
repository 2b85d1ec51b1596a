using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Streaming.Diagnostics;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// The record log on Kafka brokers. One producer and one admin client per process, connected when they are first needed; a consumer per
/// reader and per group that is asked about. Retention is the brokers' work. Of a shared cluster it describes only the topics that this process has to do with.
/// </summary>
public sealed class KafkaRecordLog : IRecordLog
{
    private static readonly TimeSpan StartPause = TimeSpan.FromSeconds(1);

    private readonly KafkaClients _clients;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly KafkaStatistics _statistics = new();
    private readonly Lazy<IAdminClient> _admin;
    private readonly Lazy<KafkaTopics> _topics;
    private readonly Lazy<KafkaProducer> _producer;
    private readonly Lazy<KafkaBrowser> _browser;
    private readonly Lazy<KafkaGroups> _groups;
    private volatile bool _disposed;

    /// <param name="bootstrapServers"><c>host:port[,host:port…]</c>.</param>
    /// <param name="topics">Topics to describe besides those that are created, read or written.</param>
    public KafkaRecordLog(
        string bootstrapServers, KafkaOptions options, TimeProvider time, IReadOnlyCollection<string>? topics = null, ILogger<KafkaRecordLog>? logger = null)
    {
        _logger = logger ?? NullLogger<KafkaRecordLog>.Instance;
        _time = time;
        _clients = new KafkaClients(bootstrapServers, options, _statistics, _logger);
        _admin = new(_clients.CreateAdmin);
        _topics = new(() => new KafkaTopics(_admin.Value, topics ?? [], options, _logger));
        _producer = new(() => new KafkaProducer(_clients.CreateProducer(), Topics));
        _browser = new(() => new KafkaBrowser(_clients, Topics));
        _groups = new(() => new KafkaGroups(_clients, Topics));
    }

    public string MessagingSystem => SemanticConventions.SystemKafka;

    internal KafkaTopics Topics => _topics.Value;

    internal TimeSpan RequestTimeout => _clients.Options.RequestTimeout;

    /// <summary>Creates missing topics and checks the others. Waits for the brokers for <see cref="KafkaOptions.StartTimeout"/>, because services start together.</summary>
    public async ValueTask CreateTopicsAsync(IReadOnlyCollection<TopicSpec> topics, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var started = _time.GetTimestamp();
        while (true)
        {
            try
            {
                await Topics.CreateAsync(topics, cancellationToken);
                return;
            }
            catch (RecordLogException e) when (e.IsTransient && _time.GetElapsedTime(started) < _clients.Options.StartTimeout)
            {
                Log.WaitingForKafka(_logger, _clients.BootstrapServers, e.Message);
                await Task.Delay(StartPause, _time, cancellationToken);
            }
        }
    }

    public async ValueTask<IReadOnlyList<PartitionOffsets>> DescribeAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return await Topics.OffsetsAsync(await Topics.PartitionsAsync(cancellationToken), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<Position>> GetCommittedAsync(string group, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return await _groups.Value.CommittedAsync(group, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<ConsumerGroup>> ListGroupsAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return await Topics.GroupsAsync(cancellationToken);
    }

    /// <summary>The leaders and copies of the topics that this process has to do with. Clients cannot ask how many bytes they take.</summary>
    public async ValueTask<IReadOnlyList<PartitionPlace>> LocateAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return await Topics.LocateAsync(cancellationToken);
    }

    public async ValueTask<long> FindOffsetAsync(TopicPartition topicPartition, long timestamp, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await Topics.EnsureExistsAsync(topicPartition, cancellationToken);
        var offset = await Topics.FindAsync(topicPartition, timestamp, cancellationToken);
        return offset >= 0 ? offset : (await Topics.OffsetsAsync([topicPartition], cancellationToken))[0].HighWatermark;
    }

    public async ValueTask<RecordBatch> FetchAsync(Position from, int maxRecords, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return await _browser.Value.FetchAsync(from, maxRecords, cancellationToken);
    }

    /// <summary>Nothing to do: the brokers remove old records by each topic's <c>retention.ms</c>.</summary>
    public ValueTask<long> ApplyRetentionAsync(CancellationToken cancellationToken) => ValueTask.FromResult(0L);

    public IRecordWriter CreateWriter()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new KafkaRecordWriter(_producer.Value);
    }

    public IRecordReader CreateReader(string group)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new KafkaRecordReader(this, _clients, group, _logger);
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_producer.IsValueCreated)
        {
            await _producer.Value.DisposeAsync();
        }

        if (_browser.IsValueCreated)
        {
            await _browser.Value.DisposeAsync();
        }

        if (_groups.IsValueCreated)
        {
            await _groups.Value.DisposeAsync();
        }

        if (_admin.IsValueCreated)
        {
            _admin.Value.Dispose();
        }

        _statistics.Dispose();
    }
}
