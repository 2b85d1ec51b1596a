using Confluent.Kafka;
using Pipeline.Streaming.RecordLog.Groups;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// What groups have committed. Each is asked through a consumer that never joins it, and not through the admin client: librdkafka ends
/// the whole process when a group's coordinator goes away while the admin client waits for its answer.
/// <see href="https://github.com/confluentinc/librdkafka/issues/3663"/>
/// </summary>
internal sealed class KafkaGroups(KafkaClients clients, KafkaTopics topics) : IAsyncDisposable
{
    /// <summary>Consumers that are kept. Each is a connection with threads of its own, and a shared cluster may have any number of groups.</summary>
    private const int MaxObservers = 16;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, IConsumer<Ignore, Ignore>> _observers = new(StringComparer.Ordinal);
    private readonly List<string> _recent = [];

    /// <summary>The committed offsets of the partitions that this process has to do with; those never committed are absent.</summary>
    public async Task<IReadOnlyList<Position>> CommittedAsync(string group, CancellationToken cancellationToken)
    {
        var partitions = await topics.PartitionsAsync(cancellationToken);
        if (partitions.Count == 0)
        {
            return [];
        }

        var question = partitions.Select(p => new Confluent.Kafka.TopicPartition(p.Topic, p.Partition)).ToList();
        await _turn.WaitAsync(cancellationToken);
        try
        {
            // The client's call blocks.
            var answer = await Task.Run(() => Committed(group, question), CancellationToken.None);
            return
            [
                .. answer
                    .Where(p => p.Offset.Value >= 0)
                    .Select(p => new Position(new TopicPartition(p.Topic, p.Partition.Value), p.Offset.Value))
                    .OrderBy(p => p.TopicPartition, TopicPartitionOrder.Instance),
            ];
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        await Task.Run(() =>
        {
            foreach (var observer in _observers.Values)
            {
                observer.Dispose();
            }
        });
        _turn.Dispose();
    }

    private List<TopicPartitionOffset> Committed(string group, List<Confluent.Kafka.TopicPartition> partitions)
    {
        const string Doing = "tell the committed offsets";
        var observer = Observer(group);
        try
        {
            return observer.Committed(partitions, clients.Options.RequestTimeout);
        }
        catch (TopicPartitionOffsetException e)
        {
            throw Fault(e.Results.FirstOrDefault(r => r.Error.IsError)?.Error ?? e.Error, e);
        }
        catch (KafkaException e)
        {
            throw Fault(e.Error, e);
        }

        static RecordLogException Fault(Error error, KafkaException e) => KafkaFaults.OfKnownPartitions(error.Code, $"Kafka could not {Doing}: {error.Reason}", e);
    }

    private IConsumer<Ignore, Ignore> Observer(string group)
    {
        _recent.Remove(group);
        _recent.Add(group);
        if (!_observers.TryGetValue(group, out var observer))
        {
            if (_observers.Count == MaxObservers && _observers.Remove(_recent[0], out var oldest))
            {
                _recent.RemoveAt(0);
                oldest.Dispose();
            }

            observer = _observers[group] = clients.CreateObserver(group);
        }

        return observer;
    }
}
