namespace Pipeline.Streaming.RecordLog.Sqlite;

internal sealed class SqliteRecordWriter(LogWriter writer) : IRecordWriter
{
    private uint _keyless;

    public async ValueTask<AppendResult> AppendAsync(string topic, RecordBatchBuilder records, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RecordLimits.Check(topic, records);
        return await writer.DoAsync(new AppendRequest(topic, records, Interlocked.Increment(ref _keyless)), cancellationToken);
    }

    /// <summary>An append that returned is on disk, so there is nothing to flush.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
