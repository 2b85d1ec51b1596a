using Pipeline.Sqlite;
using Pipeline.Storage.Sqlite.Events;
using Pipeline.Storage.Sqlite.Tables;

namespace Pipeline.Storage.Sqlite;

/// <summary>A connection that reads, with its prepared statements. One thread at a time.</summary>
internal sealed class ResultReader : IDisposable
{
    private readonly SqliteDatabase _database;

    public ResultReader(SqliteDatabase database)
    {
        _database = database;
        Events = new EventQueries(database);
        Windows = new WindowQueries(database);
        Sessions = new SessionQueries(database);
        Late = new LateQueries(database);
        DeadLetters = new DeadLetterQueries(database);
        Quality = new QualityQueries(database);
        Progress = new ProgressQueries(database);
    }

    public EventQueries Events { get; }

    public WindowQueries Windows { get; }

    public SessionQueries Sessions { get; }

    public LateQueries Late { get; }

    public DeadLetterQueries DeadLetters { get; }

    public QualityQueries Quality { get; }

    public ProgressQueries Progress { get; }

    /// <summary>Reads one state of the file, however many statements it takes.</summary>
    public T Read<T>(Func<ResultReader, T> query)
    {
        using var transaction = _database.BeginRead();
        return query(this);
    }

    public void Dispose() => _database.Dispose();
}
