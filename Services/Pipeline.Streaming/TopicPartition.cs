namespace Pipeline.Streaming;

/// <summary>One ordered shard of a topic.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    public override string ToString() => $"{Topic}-{Partition}";
}
