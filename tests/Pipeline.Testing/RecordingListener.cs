using System.Collections.Concurrent;
using Pipeline.Streaming;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Testing;

/// <summary>Writes down what a group member is told, and can answer.</summary>
public sealed class RecordingListener : IAssignmentListener
{
    private readonly ConcurrentDictionary<TopicPartition, byte> _owned = [];
    private readonly ConcurrentQueue<string> _calls = [];

    /// <summary>What has been told so far, like <c>assigned a-0 a-1</c>.</summary>
    public IReadOnlyList<string> Calls => [.. _calls];

    /// <summary>Partitions that this member has now.</summary>
    public IReadOnlyList<TopicPartition> Owned => [.. _owned.Keys.OrderBy(p => p.ToString(), StringComparer.Ordinal)];

    /// <summary>Answers where to start; nothing by default.</summary>
    public Func<IReadOnlyCollection<TopicPartition>, IReadOnlyCollection<Position>> StartAt { get; set; } = _ => [];

    /// <summary>Runs while partitions are being revoked, before they are given up.</summary>
    public Func<IReadOnlyCollection<TopicPartition>, ValueTask> Revoking { get; set; } = _ => ValueTask.CompletedTask;

    public ValueTask<IReadOnlyCollection<Position>> OnAssignedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        Note("assigned", partitions);
        foreach (var partition in partitions)
        {
            _owned[partition] = 0;
        }

        return ValueTask.FromResult(StartAt(partitions));
    }

    public async ValueTask OnRevokedAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        Note("revoked", partitions);
        await Revoking(partitions);
        Remove(partitions);
    }

    public ValueTask OnLostAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        Note("lost", partitions);
        Remove(partitions);
        return ValueTask.CompletedTask;
    }

    private void Note(string what, IReadOnlyCollection<TopicPartition> partitions)
        => _calls.Enqueue($"{what} {string.Join(' ', partitions.Select(p => p.ToString()).Order(StringComparer.Ordinal))}");

    private void Remove(IReadOnlyCollection<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _owned.TryRemove(partition, out _);
        }
    }
}
