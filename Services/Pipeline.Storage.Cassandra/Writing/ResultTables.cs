namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>The tables of a result batch.</summary>
internal sealed class ResultTables(CassandraClient client, Layout layout, StorageOptions storage)
{
    private readonly EventTables _events = new(client, layout, storage);
    private readonly WindowTable _windows = new(client, storage);
    private readonly LateTable _late = new(client, layout, storage);
    private readonly DeadLetterTables _deadLetters = new(client, layout, storage);
    private readonly QualityTables _quality = new(client, storage);

    public SessionTables Sessions { get; } = new(client, storage);

    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        await _events.PrepareAsync(cancellationToken);
        await _windows.PrepareAsync(cancellationToken);
        await Sessions.PrepareAsync(cancellationToken);
        await _late.PrepareAsync(cancellationToken);
        await _deadLetters.PrepareAsync(cancellationToken);
        await _quality.PrepareAsync(cancellationToken);
    }

    /// <exception cref="StorageException">A row cannot be stored.</exception>
    public void Write(ResultBatch batch, ClaimRow claim, WritePlan plan)
    {
        _events.Write(batch.Events, plan);
        _windows.Write(batch.Windows, claim.WindowsFrom, plan);
        Sessions.Write(batch.Sessions, batch.RemovedSessions, claim.SessionsFrom, plan);
        _late.Write(batch.Late, plan);
        _deadLetters.Write(batch.DeadLetters, plan);
        _quality.Write(batch.Quality, claim.WindowsFrom, plan);
    }
}
