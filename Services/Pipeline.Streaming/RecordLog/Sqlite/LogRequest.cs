namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>Something to be done by the writer thread, in a transaction that it shares with others.</summary>
internal abstract class LogRequest
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Cancelled = 2;

    private int _state;

    /// <summary>Bytes that the request adds to the transaction, about.</summary>
    public virtual int Bytes => 0;

    /// <summary>
    /// Does the work. Checks everything before the first write and throws <see cref="RecordLogException"/> then: that fails this
    /// request only. May run again when the transaction was rolled back.
    /// </summary>
    public abstract void Apply(LogTransaction transaction);

    /// <summary>The transaction is on disk.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception exception);

    /// <summary>The caller gives up. Only possible until the writer thread has begun: from then on it reads the caller's memory.</summary>
    public bool TryCancel() => Interlocked.CompareExchange(ref _state, Cancelled, Waiting) == Waiting;

    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;
}

/// <summary>A request that answers with a value.</summary>
internal abstract class LogRequest<T> : LogRequest
{
    // Callers go on elsewhere: the writer thread has the next transaction to write.
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _answer;

    public Task<T> Done => _done.Task;

    public override void Apply(LogTransaction transaction) => _answer = Work(transaction);

    public override void Complete() => _done.TrySetResult(_answer!);

    public override void Fail(Exception exception) => _done.TrySetException(exception);

    public void Cancel(CancellationToken cancellationToken)
    {
        if (TryCancel())
        {
            _done.TrySetCanceled(cancellationToken);
        }
    }

    protected abstract T Work(LogTransaction transaction);
}

internal sealed class LogOperation<T>(Func<LogTransaction, T> work) : LogRequest<T>
{
    protected override T Work(LogTransaction transaction) => work(transaction);
}

/// <param name="keyless">Decides the partition of records without a key, together for one append.</param>
internal sealed class AppendRequest(string topic, RecordBatchBuilder records, uint keyless) : LogRequest<AppendResult>
{
    public override int Bytes => records.ByteCount;

    protected override AppendResult Work(LogTransaction transaction) => transaction.Append(topic, records, keyless);
}
