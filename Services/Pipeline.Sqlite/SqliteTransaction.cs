namespace Pipeline.Sqlite;

/// <summary>An open transaction. Commit it, or Dispose rolls it back; both at most once.</summary>
public readonly struct SqliteTransaction : IDisposable
{
    private readonly SqliteDatabase _database;

    internal SqliteTransaction(SqliteDatabase database) => _database = database;

    /// <summary>Commits. When this throws (disk full, …) nothing of the transaction stays.</summary>
    public void Commit() => _database.Execute("COMMIT");

    public void Dispose() => _database.Rollback();
}
