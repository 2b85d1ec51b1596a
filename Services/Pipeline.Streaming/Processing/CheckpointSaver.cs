using Microsoft.Extensions.Logging;
using Pipeline.Streaming.State;

namespace Pipeline.Streaming.Processing;

/// <summary>
/// Saves a checkpoint of a task and then commits its offset, while the task goes on processing: both are waiting for servers. One at a time; called by the
/// task's thread alone.
/// </summary>
/// <param name="nextOffset">Where the task is, for the log.</param>
internal sealed class CheckpointSaver(TopicPartition partition, Func<long> nextOffset, ICheckpointStore store, StreamTaskSettings settings, TimeProvider time, ILogger logger)
{
    // Not the task's clock: the task does not wait.
    private readonly EffectRetry<CheckpointSaver> _retry = new(partition, nextOffset, settings.Errors, clock: null, time, logger);

    /// <summary>The checkpoint that is being saved; <see langword="null"/> when none is. The task wants to know when it has ended.</summary>
    public Task? Saving { get; private set; }

    /// <param name="lease">Holds the state; given back when it is saved.</param>
    /// <param name="started">When writing the state began (clock ticks).</param>
    /// <param name="next">What is committed then.</param>
    public void Begin(
        CheckpointBuffer.Lease lease, long started, long sequence, Position next, Func<Position, CancellationToken, ValueTask> commit, CancellationToken cancellationToken)
        => Saving = SaveAsync(lease, started, sequence, next, commit, cancellationToken);

    /// <summary>Waits for the checkpoint that is being saved, if any, and throws what it met.</summary>
    /// <returns>How long writing and saving it took, without attempts that failed.</returns>
    public async ValueTask<TimeSpan?> EndAsync()
    {
        if (Saving is not Task<TimeSpan> saving)
        {
            return null;
        }

        Saving = null;
        return await saving;
    }

    private async Task<TimeSpan> SaveAsync(
        CheckpointBuffer.Lease lease, long started, long sequence, Position next, Func<Position, CancellationToken, ValueTask> commit, CancellationToken cancellationToken)
    {
        TimeSpan cost;
        using (lease)
        {
            var bytes = lease.Writer.Written;
            var writing = time.GetElapsedTime(started);
            var attempt = time.GetTimestamp();
            await _retry.RunAsync(
                this,
                async (_, token) =>
                {
                    attempt = time.GetTimestamp();
                    await store.SaveAsync(partition, sequence, bytes, token);
                    return true;
                },
                "save a checkpoint",
                cancellationToken);

            // How long a store was away says nothing of what a checkpoint costs: counted, it would keep the next one back for nine times as long.
            cost = writing + time.GetElapsedTime(attempt);
        }

        Hook(Effect.SaveCheckpoint, done: true);
        Hook(Effect.CommitOffset, done: false);
        await _retry.RunAsync(
            this,
            async (_, token) =>
            {
                await commit(next, token);
                return true;
            },
            "commit the offset",
            cancellationToken);
        Hook(Effect.CommitOffset, done: true);
        return cost;
    }

    private void Hook(Effect effect, bool done) => settings.OnEffect?.Invoke(partition, effect, done);
}
