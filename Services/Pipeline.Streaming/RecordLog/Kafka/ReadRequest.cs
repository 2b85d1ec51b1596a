using System.Diagnostics;

namespace Pipeline.Streaming.RecordLog.Kafka;

/// <summary>A call of <see cref="KafkaRecordReader.ReadAsync"/> that waits for the poll thread.</summary>
internal sealed class ReadRequest(TimeSpan maxWait, CancellationToken cancellationToken)
{
    private readonly TaskCompletionSource<RecordBatch?> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _started = Stopwatch.GetTimestamp();

    public CancellationToken Token => cancellationToken;

    public TimeSpan Left => maxWait - Stopwatch.GetElapsedTime(_started);

    public Task<RecordBatch?> Completion => _completion.Task;

    public void Succeed(RecordBatch? records) => _completion.TrySetResult(records);

    public void Fail(Exception e)
    {
        if (e is OperationCanceledException && cancellationToken.IsCancellationRequested)
        {
            _completion.TrySetCanceled(cancellationToken);
        }
        else
        {
            _completion.TrySetException(e);
        }
    }
}
