using System.Collections.Concurrent;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>Topics and their offsets, as the brokers tell them. Remembers the topics that this process has to do with.</summary>
/// <param name="declared">Topics that the components of this process have asked for.</param>
internal sealed class KafkaTopics(IAdminClient admin, IReadOnlyCollection<string> declared, KafkaOptions options, ILogger logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, int> _partitionCounts = new(StringComparer.Ordinal);

    /// <summary>Checks all of them, then creates those that are missing.</summary>
    public async Task CreateAsync(IReadOnlyCollection<TopicSpec> topics, CancellationToken cancellationToken)
    {
        var existing = await DescribeAsync(topics.Select(t => t.Name), cancellationToken);
        foreach (var spec in topics)
        {
            TopicShape.Check(spec, existing.TryGetValue(spec.Name, out var partitions) ? partitions : null);
        }

        var missing = topics.Where(t => !existing.ContainsKey(t.Name)).ToList();
        if (missing.Count > 0)
        {
            await CreateMissingAsync(missing, cancellationToken);
            await UntilThereAsync(missing, cancellationToken);
        }

        foreach (var spec in topics)
        {
            _partitionCounts[spec.Name] = spec.Partitions;
        }
    }

    /// <exception cref="RecordLogException">It does not exist, or the brokers do not answer.</exception>
    public async ValueTask<int> EnsureExistsAsync(string topic, CancellationToken cancellationToken)
    {
        if (_partitionCounts.TryGetValue(topic, out var known))
        {
            return known;
        }

        var found = await DescribeAsync([topic], cancellationToken);
        return found.TryGetValue(topic, out var partitions) ? _partitionCounts[topic] = partitions : throw TopicShape.Missing(topic);
    }

    public async ValueTask EnsureExistsAsync(TopicPartition partition, CancellationToken cancellationToken)
    {
        if (partition.Partition < 0 || partition.Partition >= await EnsureExistsAsync(partition.Topic, cancellationToken))
        {
            throw TopicShape.Missing(partition);
        }
    }

    /// <summary>Every partition of the topics that this process has to do with, as far as they exist.</summary>
    public async Task<IReadOnlyCollection<TopicPartition>> PartitionsAsync(CancellationToken cancellationToken)
    {
        string[] unseen = [.. declared.Where(topic => !_partitionCounts.ContainsKey(topic))];
        if (unseen.Length > 0)
        {
            foreach (var (topic, partitions) in await DescribeAsync(unseen, cancellationToken))
            {
                _partitionCounts[topic] = partitions;
            }
        }

        return [.. _partitionCounts.OrderBy(t => t.Key, StringComparer.Ordinal).SelectMany(t => Enumerable.Range(0, t.Value).Select(p => new TopicPartition(t.Key, p)))];
    }

    /// <summary>Start and end of partitions; the end is what a reader can see (the last stable offset).</summary>
    public async Task<IReadOnlyList<PartitionOffsets>> OffsetsAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        if (partitions.Count == 0)
        {
            return [];
        }

        var starts = ListAsync(partitions, OffsetSpec.Earliest(), cancellationToken);
        var ends = ListAsync(partitions, OffsetSpec.Latest(), cancellationToken);
        var (first, last) = (await starts, await ends);
        return [.. partitions.Select(p => new PartitionOffsets(p, first[p], last[p]))];
    }

    /// <summary>The first offset at or after a time (Unix ms); −1 when there is none.</summary>
    public async Task<long> FindAsync(TopicPartition partition, long timestamp, CancellationToken cancellationToken)
        => (await ListAsync([partition], OffsetSpec.ForTimestamp(timestamp), cancellationToken))[partition];

    /// <summary>Where the partitions of <see cref="PartitionsAsync"/> lie.</summary>
    public async Task<IReadOnlyList<PartitionPlace>> LocateAsync(CancellationToken cancellationToken)
    {
        var names = (await PartitionsAsync(cancellationToken)).Select(p => p.Topic).Distinct().ToArray();
        return await AskAsync("tell where partitions lie", () => Task.Run<IReadOnlyList<PartitionPlace>>(
            () =>
            {
                var places = new List<PartitionPlace>();
                foreach (var name in names)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var metadata = admin.GetMetadata(name, options.RequestTimeout);
                    var brokers = metadata.Brokers.ToDictionary(b => b.BrokerId, b => $"{b.BrokerId} ({b.Host}:{b.Port})");
                    places.AddRange(metadata.Topics.Where(t => t.Topic == name).SelectMany(t => t.Partitions).OrderBy(p => p.PartitionId)
                        .Select(p => new PartitionPlace(new TopicPartition(name, p.PartitionId), brokers.GetValueOrDefault(p.Leader), p.Replicas.Length, p.InSyncReplicas.Length, null)));
                }

                return places;
            },
            cancellationToken), cancellationToken);
    }

    /// <summary>The groups of all brokers. Not by the newer call of the admin client: see <see cref="KafkaGroups"/>.</summary>
    public Task<IReadOnlyList<ConsumerGroup>> GroupsAsync(CancellationToken cancellationToken)
        => AskAsync("list consumer groups", () => Task.Run<IReadOnlyList<ConsumerGroup>>(
            () => [.. admin.ListGroups(options.RequestTimeout).Where(g => g.ProtocolType is "" or "consumer").OrderBy(g => g.Group, StringComparer.Ordinal).Select(g => new ConsumerGroup(g.Group, g.Members.Count))],
            cancellationToken), cancellationToken);

    private static string? Milliseconds(TimeSpan? retention)
        => (retention is { } kept ? (long)kept.TotalMilliseconds : -1).ToString(CultureInfo.InvariantCulture);

    private async Task CreateMissingAsync(List<TopicSpec> missing, CancellationToken cancellationToken)
    {
        var specifications = missing.Select(spec => new TopicSpecification
        {
            Name = spec.Name,
            NumPartitions = spec.Partitions,
            ReplicationFactor = (short)options.ReplicationFactor,
            Configs = Configs(spec),
        });
        try
        {
            await admin.CreateTopicsAsync(specifications, new CreateTopicsOptions { RequestTimeout = options.RequestTimeout, OperationTimeout = options.RequestTimeout })
                .WaitAsync(cancellationToken);
            Log.TopicsCreated(logger, [.. missing.Select(t => t.Name)]);
        }
        catch (CreateTopicsException e)
        {
            // Another instance may be starting, too; what it made is checked below.
            if (e.Results.FirstOrDefault(r => r.Error.IsError && r.Error.Code != ErrorCode.TopicAlreadyExists) is { } failed)
            {
                throw KafkaFaults.ToException(failed.Error, $"create the topic '{failed.Topic}'", e);
            }
        }
        catch (KafkaException e)
        {
            throw KafkaFaults.ToException(e.Error, "create topics", e);
        }
    }

    private static Dictionary<string, string> Configs(TopicSpec spec)
    {
        var configs = new Dictionary<string, string> { ["retention.ms"] = Milliseconds(spec.Retention)! };
        if (spec.MaxRecordBytes is { } bytes)
        {
            configs["max.message.bytes"] = bytes.ToString(CultureInfo.InvariantCulture);
        }

        return configs;
    }

    /// <summary>A topic that was just created is known to every broker only a little later.</summary>
    private async Task UntilThereAsync(List<TopicSpec> created, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.RequestTimeout);
        try
        {
            while (true)
            {
                var found = await DescribeAsync(created.Select(t => t.Name), limit.Token);
                foreach (var spec in created.Where(t => found.ContainsKey(t.Name)))
                {
                    TopicShape.Check(spec, found[spec.Name]);
                }

                if (created.TrueForAll(t => found.ContainsKey(t.Name)) && await HaveLeadersAsync(created, limit.Token))
                {
                    return;
                }

                await Task.Delay(Pause, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RecordLogException($"Kafka created topics, but does not know them after {options.RequestTimeout.TotalSeconds:0} s.", isTransient: true);
        }
    }

    private async Task<bool> HaveLeadersAsync(List<TopicSpec> topics, CancellationToken cancellationToken)
    {
        try
        {
            await OffsetsAsync([.. topics.SelectMany(t => Enumerable.Range(0, t.Partitions).Select(p => new TopicPartition(t.Name, p)))], cancellationToken);
            return true;
        }
        catch (RecordLogException)
        {
            // The broker that shall lead a partition has not heard of it.
            return false;
        }
    }

    /// <summary>The topics of these that exist and have leaders, with their numbers of partitions.</summary>
    private Task<Dictionary<string, int>> DescribeAsync(IEnumerable<string> names, CancellationToken cancellationToken)
        => AskAsync("describe topics", () => Task.Run(
            () =>
            {
                var found = new Dictionary<string, int>(StringComparer.Ordinal);
                foreach (var name in names)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var topic = admin.GetMetadata(name, options.RequestTimeout).Topics.Find(t => t.Topic == name);
                    if (topic is { Error.IsError: true, Error.Code: not (ErrorCode.UnknownTopicOrPart or ErrorCode.LeaderNotAvailable or ErrorCode.TopicException) })
                    {
                        throw KafkaFaults.ToException(topic.Error, $"describe the topic '{name}'");
                    }

                    if (topic is { Error.IsError: false, Partitions.Count: > 0 } && topic.Partitions.TrueForAll(p => p.Leader >= 0))
                    {
                        found[name] = topic.Partitions.Count;
                    }
                }

                return found;
            },
            cancellationToken), cancellationToken);

    private Task<Dictionary<TopicPartition, long>> ListAsync(IReadOnlyCollection<TopicPartition> partitions, OffsetSpec which, CancellationToken cancellationToken)
        => AskAsync("tell offsets", async () =>
        {
            var questions = partitions.Select(p => new TopicPartitionOffsetSpec { TopicPartition = new(p.Topic, p.Partition), OffsetSpec = which });
            var answers = await admin.ListOffsetsAsync(questions, new ListOffsetsOptions { RequestTimeout = options.RequestTimeout, IsolationLevel = IsolationLevel.ReadCommitted });

            // Of a broker that dies while it is asked, the client has neither an answer nor an error.
            if (answers.ResultInfos.Find(r => r.TopicPartitionOffsetError.Offset == Offset.Unset) is { } unanswered)
            {
                throw new RecordLogException($"Kafka could not tell offsets: nobody answered for {unanswered.TopicPartitionOffsetError.TopicPartition}.", isTransient: true);
            }

            return answers.ResultInfos.ToDictionary(
                r => new TopicPartition(r.TopicPartitionOffsetError.Topic, r.TopicPartitionOffsetError.Partition.Value),
                r => r.TopicPartitionOffsetError.Offset.Value);
        }, cancellationToken);

    private static async Task<T> AskAsync<T>(string what, Func<Task<T>> question, CancellationToken cancellationToken)
    {
        try
        {
            return await question().WaitAsync(cancellationToken);
        }
        catch (ListOffsetsException e) when (e.Result.ResultInfos.FirstOrDefault(r => r.TopicPartitionOffsetError.Error.IsError) is { } failed)
        {
            throw Fault(failed.TopicPartitionOffsetError.Error, e);
        }
        catch (KafkaException e)
        {
            throw Fault(e.Error, e);
        }

        RecordLogException Fault(Error error, KafkaException e) => KafkaFaults.OfKnownPartitions(error.Code, $"Kafka could not {what}: {error.Reason}", e);
    }
}
