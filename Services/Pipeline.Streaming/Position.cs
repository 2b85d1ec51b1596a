namespace Pipeline.Streaming;

/// <summary>An offset within a partition. As a committed offset it names the <em>next</em> record to read.</summary>
public readonly record struct Position(TopicPartition TopicPartition, long Offset)
{
    public override string ToString() => $"{TopicPartition}@{Offset}";
}
