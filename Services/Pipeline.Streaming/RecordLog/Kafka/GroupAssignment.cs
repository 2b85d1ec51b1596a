using System.Collections.Concurrent;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Pipeline.Streaming.RecordLog.Groups;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>
/// The partitions that a member of a group has, as the client's callbacks change them: given, revoked, lost. The callbacks come on the poll thread, from inside a
/// read; who has which partition is asked from any thread.
/// </summary>
/// <param name="signal">Set when a partition's queue is filled.</param>
/// <param name="reading">The token of the read that is under way.</param>
internal sealed class GroupAssignment(string group, QueueSignal signal, Func<CancellationToken> reading, ILogger logger)
{
    private readonly ConcurrentDictionary<TopicPartition, AssignedPartition> _assigned = [];
    private Exception? _failure;
    private volatile bool _isClosing;

    /// <summary>Told of every change, until <see cref="IsClosing"/>.</summary>
    public IAssignmentListener? Listener { get; set; }

    /// <summary>The reader goes: nobody is told any more.</summary>
    public bool IsClosing
    {
        get => _isClosing;
        set => _isClosing = value;
    }

    /// <summary>The partitions in the order in which they take turns.</summary>
    public TopicPartition[] Turns { get; private set; } = [];

    public AssignedPartition? Find(TopicPartition partition) => _assigned.GetValueOrDefault(partition);

    /// <summary>Throws what the listener threw inside a callback: thrown from there it would disturb the client.</summary>
    public void ThrowFailure()
    {
        if (Interlocked.Exchange(ref _failure, null) is { } failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    public IEnumerable<TopicPartitionOffset> OnAssigned(IConsumer<Ignore, Ignore> consumer, List<Confluent.Kafka.TopicPartition> given)
    {
        var partitions = given.Select(p => new TopicPartition(p.Topic, p.Partition.Value)).ToArray();
        var starts = partitions.ToDictionary(p => p, _ => Offset.Unset);
        try
        {
            foreach (var partition in partitions)
            {
                _assigned[partition] = new AssignedPartition(new PartitionQueue(consumer, partition, signal));
            }

            if (!IsClosing && partitions.Length > 0)
            {
                foreach (var chosen in Wait(Listener!.OnAssignedAsync(partitions, reading()).AsTask()))
                {
                    starts[chosen.TopicPartition] = chosen.Offset < 0 ? Offset.Beginning : chosen.Offset;
                    _assigned[chosen.TopicPartition].Sought(chosen.Offset);
                }

                Log.PartitionsAssigned(logger, group, partitions);
            }
        }
        catch (Exception e)
        {
            _failure = e;
        }

        TakeTurns();
        return [.. given.Select(p => new TopicPartitionOffset(p, starts[new(p.Topic, p.Partition.Value)]))];
    }

    public void OnRevoked(IConsumer<Ignore, Ignore> consumer, List<TopicPartitionOffset> taken)
        => GiveUp(taken, partitions =>
        {
            Log.PartitionsRevoked(logger, group, partitions);
            return Listener!.OnRevokedAsync(partitions, reading());
        });

    public void OnLost(IConsumer<Ignore, Ignore> consumer, List<TopicPartitionOffset> taken)
    {
        // Not ours any more whatever the listener does: a commit from now on is refused.
        var queues = Remove(taken);
        GiveUp(taken, partitions =>
        {
            Log.PartitionsLost(logger, group, partitions);
            return Listener!.OnLostAsync(partitions, reading());
        });
        queues.ForEach(q => q.Dispose());
    }

    /// <summary>Lets go of the queues; on the poll thread, when it polls no more.</summary>
    public void DisposeQueues()
    {
        foreach (var assigned in _assigned.Values)
        {
            assigned.Queue.Dispose();
        }
    }

    private void GiveUp(List<TopicPartitionOffset> taken, Func<TopicPartition[], ValueTask> tell)
    {
        TopicPartition[] partitions = [.. taken.Select(p => new TopicPartition(p.Topic, p.Partition.Value))];
        try
        {
            if (!IsClosing && partitions.Length > 0)
            {
                Wait(Told());
            }
        }
        catch (Exception e)
        {
            _failure = e;
        }

        Remove(taken).ForEach(q => q.Dispose());

        async Task<bool> Told()
        {
            await tell(partitions);
            return true;
        }
    }

    private List<PartitionQueue> Remove(List<TopicPartitionOffset> taken)
    {
        var queues = new List<PartitionQueue>();
        foreach (var partition in taken)
        {
            if (_assigned.TryRemove(new(partition.Topic, partition.Partition.Value), out var assigned))
            {
                queues.Add(assigned.Queue);
            }
        }

        TakeTurns();
        return queues;
    }

    private void TakeTurns() => Turns = [.. _assigned.Keys.Order(TopicPartitionOrder.Instance)];

    // The client takes the answer of a callback when it returns: a rebalance goes on then, with what was drained, checkpointed and committed meanwhile. So it
    // cannot be awaited; it may be waited for, because the poll thread is one of its own and has nothing else to do.
    private static T Wait<T>(Task<T> task) => task.ConfigureAwait(false).GetAwaiter().GetResult();
}
