using System.Buffers;

namespace Pipeline.Streaming.RecordLog;

/// <summary>The rules for topics, and the sentences for those who break them; the same for every log.</summary>
internal static class TopicShape
{
    /// <summary>Partitions a topic may have at most.</summary>
    public const int MaxPartitions = 1024;

    private const int MaxNameLength = 249;

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <exception cref="RecordLogException">The topic cannot be as it is asked for.</exception>
    public static void Check(TopicSpec spec, int? existingPartitions)
    {
        if (spec.Name.Length is 0 or > MaxNameLength || spec.Name.AsSpan().ContainsAnyExcept(NameCharacters) || spec.Name is "." or "..")
        {
            throw new RecordLogException($"'{spec.Name}' is no name for a topic: 1 to {MaxNameLength} letters, digits, '.', '_' and '-', as in Kafka.", isTransient: false);
        }

        if (spec.Partitions is < 1 or > MaxPartitions)
        {
            throw new RecordLogException($"The topic '{spec.Name}' is asked for with {spec.Partitions} partitions; 1 to {MaxPartitions} are possible.", isTransient: false);
        }

        if (existingPartitions is { } existing && existing != spec.Partitions)
        {
            throw new RecordLogException(
                $"The topic '{spec.Name}' exists with {existing} partitions and is asked for with {spec.Partitions}; the number is fixed, because it decides which partition a key belongs to.",
                isTransient: false);
        }
    }

    public static RecordLogException Missing(string topic) => new($"The topic '{topic}' does not exist.", isTransient: false);

    public static RecordLogException Missing(TopicPartition partition) => new($"The partition {partition} does not exist.", isTransient: false);
}

/// <summary>Offsets that a partition does not have.</summary>
internal static class OffsetRange
{
    public static void Check(Position position, long start, long end)
    {
        if (position.Offset < start)
        {
            throw new RecordLogException($"{position} is before the start of the partition ({start}): the record was removed by retention.", isTransient: false);
        }

        CheckEnd(position, end);
    }

    public static void CheckEnd(Position position, long end)
    {
        if (position.Offset > end)
        {
            throw new RecordLogException(
                $"{position} is behind the end of the partition ({end}): the offset comes from another log, or the log was replaced by an older one.", isTransient: false);
        }
    }
}

internal static class Fencing
{
    public static PartitionFencedException NotOwner(string group, string member, TopicPartition partition)
        => new($"{partition} does not belong to member {member} of group '{group}' any more; nothing was committed.");
}
