using Microsoft.Extensions.Logging;
using Pipeline.Streaming.DeadLetters;
using Pipeline.Streaming.Diagnostics;

namespace Pipeline.Streaming.Processing;

/// <summary>Makes an effect of a task again until it succeeds, as long as the error policy calls its fault a passing one. The task's clock, if it waits, counts all of it as back-pressure.</summary>
/// <param name="nextOffset">Where the task is, for the log.</param>
internal sealed class EffectRetry<TTask>(TopicPartition partition, Func<long> nextOffset, ErrorPolicy errors, TaskClock? clock, TimeProvider time, ILogger logger)
{
    /// <param name="what">The effect, for the log.</param>
    public async ValueTask<TResult> RunAsync<TResult>(TTask task, Func<TTask, CancellationToken, ValueTask<TResult>> effect, string what, CancellationToken cancellationToken)
    {
        var before = clock?.Enter(TaskActivity.BackPressured);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await effect(task, cancellationToken);
                }
                catch (Exception e) when (e is not OperationCanceledException && errors.OnException(e) == ErrorAction.Retry)
                {
                    var pause = errors.PauseAfter(attempt);
                    Log.EffectRetried(logger, partition, what, nextOffset(), attempt, pause.TotalMilliseconds, e.Message);
                    StreamingInstruments.Retries.Add(1);
                    await Task.Delay(pause, time, cancellationToken);
                }
            }
        }
        finally
        {
            clock?.Enter(before.GetValueOrDefault());
        }
    }
}
