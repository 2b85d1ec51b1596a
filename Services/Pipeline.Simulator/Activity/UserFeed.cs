using Pipeline.Contracts;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Simulator.Activity;

/// <summary>Finds users by the keys of <c>users_topic</c>, without a consumer group: whoever is missed or seen twice does no harm.</summary>
internal sealed class UserFeed(IRecordLog log, KnownUsers users, int capacity)
{
    private const int MaxRecords = 1_000;

    private readonly Dictionary<int, long> _next = [];

    /// <summary>
    /// Adds the users that came since the last call; on the first call only as many of the newest as there is room for.
    /// True when the log has the topic of their activity.
    /// </summary>
    public async ValueTask<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        var partitions = await log.DescribeAsync(cancellationToken);
        foreach (var partition in partitions.Where(partition => partition.TopicPartition.Topic == Topics.Users))
        {
            await ReadAsync(partition, cancellationToken);
        }

        return partitions.Any(partition => partition.TopicPartition.Topic == Topics.Activity);
    }

    private async ValueTask ReadAsync(PartitionOffsets partition, CancellationToken cancellationToken)
    {
        var newest = partition.HighWatermark - capacity;

        // Retention may have moved the start past where reading stopped.
        var next = Math.Max(partition.Start, _next.GetValueOrDefault(partition.TopicPartition.Partition, newest));
        while (next < partition.HighWatermark)
        {
            using var batch = await log.FetchAsync(new Position(partition.TopicPartition, next), MaxRecords, cancellationToken);
            for (var i = 0; i < batch.Count; i++)
            {
                if (UuidText.TryRead(batch.Key(i), out var user))
                {
                    users.Add(user);
                }
            }

            if (batch.NextOffset <= next)
            {
                break;
            }

            next = batch.NextOffset;
        }

        _next[partition.TopicPartition.Partition] = next;
    }
}
