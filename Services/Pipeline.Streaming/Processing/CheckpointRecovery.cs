using Microsoft.Extensions.Logging;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Processing;

/// <summary>Chooses the checkpoint that a task continues from.</summary>
internal static class CheckpointRecovery
{
    /// <summary>
    /// The newest checkpoint that is whole and not ahead of the results: were it ahead, because the results were replaced by older
    /// ones, what lies between would be missing for ever.
    /// </summary>
    /// <exception cref="CheckpointException">The store does not answer: what it holds is not known, which is another thing than nothing.</exception>
    /// <returns>The checkpoint, or <see langword="null"/>, and the highest sequence in use.</returns>
    public static async ValueTask<(Checkpoint? Checkpoint, long Sequence)> FindAsync(
        ICheckpointStore store, TopicPartition partition, long storedUntil, ILogger logger, CancellationToken cancellationToken)
    {
        var sequences = await store.ListAsync(partition, cancellationToken);
        var newest = sequences.Count == 0 ? 0 : sequences[0];
        foreach (var sequence in sequences)
        {
            try
            {
                var checkpoint = Checkpoint.Read(await store.LoadAsync(partition, sequence, cancellationToken));
                if (checkpoint.TopicPartition != partition)
                {
                    Log.CheckpointUnusable(logger, partition, sequence, $"it belongs to {checkpoint.TopicPartition}");
                }
                else if (checkpoint.NextOffset > storedUntil)
                {
                    Log.CheckpointAhead(logger, partition, sequence, checkpoint.NextOffset, storedUntil);
                }
                else
                {
                    return (checkpoint, newest);
                }
            }
            catch (Exception e) when (e is StateRestoreException or CheckpointException { IsTransient: false })
            {
                Log.CheckpointUnusable(logger, partition, sequence, e.Message);
            }
        }

        return (null, newest);
    }
}
