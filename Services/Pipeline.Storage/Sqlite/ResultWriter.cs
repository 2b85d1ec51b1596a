using Pipeline.Sqlite;
using Pipeline.Storage.Sqlite.Events;
using Pipeline.Storage.Sqlite.Tables;

namespace Pipeline.Storage.Sqlite;

/// <summary>The connection that writes, with its prepared statements. One thread at a time.</summary>
internal sealed class ResultWriter : IDisposable
{
    private readonly EventTable _events;
    private readonly WindowTable _windows;
    private readonly SessionTable _sessions;
    private readonly LateTable _late;
    private readonly DeadLetterTable _deadLetters;
    private readonly QualityTable _quality;
    private readonly ProgressTable _progress;
    private readonly ProgressQueries _progressQueries;

    public ResultWriter(SqliteDatabase database)
    {
        Database = database;
        var utf8 = new Utf8Cache();
        _events = new EventTable(database, utf8);
        _windows = new WindowTable(database, utf8);
        _sessions = new SessionTable(database, utf8);
        _late = new LateTable(database, utf8);
        _deadLetters = new DeadLetterTable(database, utf8);
        _quality = new QualityTable(database, utf8);
        _progress = new ProgressTable(database, utf8);
        _progressQueries = new ProgressQueries(database);
        Deletions = new Deletions(database);
    }

    public SqliteDatabase Database { get; }

    public Deletions Deletions { get; }

    /// <summary>
    /// Writes all batches in one transaction, except those whose partition was taken over: they fail alone. When this throws,
    /// nothing was written.
    /// </summary>
    public void Write(IReadOnlyList<PendingWrite> writes)
    {
        using var transaction = Database.BeginImmediate();
        try
        {
            foreach (var write in writes)
            {
                write.Error = null;
                var progress = write.Batch.Progress;
                var claim = _progress.FindClaim(progress.Topic, progress.Partition);
                if (claim.Epoch > progress.Epoch)
                {
                    write.Error = new StaleEpochException(
                        $"Partition {progress.Topic}-{progress.Partition} was taken over by {claim.Owner} (epoch {claim.Epoch}); the results of epoch {progress.Epoch} were not written.");
                    continue;
                }

                Write(write.Batch, claim);
            }

            _events.FlushIndexes();
            transaction.Commit();
        }
        catch
        {
            _events.Forget();
            throw;
        }
    }

    public PartitionClaim Claim(string topic, int partition, string owner, long now)
    {
        using var transaction = Database.BeginImmediate();
        var epoch = _progress.Claim(topic, partition, owner, now);
        var progress = _progressQueries.Read(topic, partition);
        transaction.Commit();
        return new PartitionClaim(epoch, progress);
    }

    /// <summary>Takes the partitions over and moves their progress back, all or none.</summary>
    public List<PartitionClaim> Reset(IReadOnlyList<PartitionReset> resets, string owner, long now)
    {
        var claims = new List<PartitionClaim>();
        using var transaction = Database.BeginImmediate();
        foreach (var reset in resets)
        {
            var epoch = _progress.Claim(reset.Topic, reset.Partition, owner, now);
            _progress.SetFloor(reset.Topic, reset.Partition, reset.WindowsFrom, reset.SessionsFrom);
            var progress = new PartitionProgress
            {
                Topic = reset.Topic,
                Partition = reset.Partition,
                Epoch = epoch,
                NextOffset = reset.FirstOffset,
                UpdatedAt = now,
                Owner = owner,
            };
            _progress.Write(progress);
            claims.Add(new PartitionClaim(epoch, progress));
        }

        transaction.Commit();
        return claims;
    }

    public void Dispose() => Database.Dispose();

    private void Write(ResultBatch batch, PartitionClaimRow claim)
    {
        _events.Write(batch.Events);
        _windows.Write(batch.Windows, claim.WindowsFrom);
        _sessions.Write(batch.Sessions, batch.RemovedSessions, claim.SessionsFrom);
        _late.Write(batch.Late);
        _deadLetters.Write(batch.DeadLetters);
        _quality.Write(batch.Quality, claim.WindowsFrom);
        _progress.Write(batch.Progress);
    }
}
