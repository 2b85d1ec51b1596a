using System.Globalization;
using SQLitePCL;

namespace Pipeline.Sqlite;

/// <summary>
/// One connection to a database file in write-ahead mode: one writer at a time over all processes, readers never wait.
/// Not thread-safe: one thread at a time uses a connection and its statements (a lock, or a thread of its own).
/// </summary>
/// <remarks>Raw statements instead of ADO.NET: 3 µs a row against 9–13 µs, and no allocation.</remarks>
public sealed class SqliteDatabase : IDisposable
{
    private readonly sqlite3 _handle;
    private readonly List<SqliteStatement> _statements = [];

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(sqlite3 handle, string path, TimeSpan busyTimeout)
    {
        _handle = handle;
        Path = path;
        BusyTimeout = busyTimeout;
    }

    /// <summary>The database file, as a full path.</summary>
    public string Path { get; }

    /// <inheritdoc cref="SqliteDatabaseOptions.BusyTimeout"/>
    public TimeSpan BusyTimeout { get; set; }

    /// <summary>Whether a transaction is open.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Rows that the last statement inserted, updated or deleted.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <summary>Row id of the last row that this connection inserted into a table with row ids.</summary>
    public long LastInsertRowId => raw.sqlite3_last_insert_rowid(_handle);

    /// <summary>Opens a file and creates it when it does not exist (unless read-only); its directory must exist.</summary>
    /// <exception cref="SqliteFaultException">The file cannot be opened, is damaged, or is no database.</exception>
    public static SqliteDatabase Open(string path, SqliteDatabaseOptions options)
    {
        path = System.IO.Path.GetFullPath(path);
        var flags = raw.SQLITE_OPEN_NOMUTEX | (options.ReadOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);
        var code = raw.sqlite3_open_v2(path, out var handle, flags, null);
        var database = new SqliteDatabase(handle, path, options.BusyTimeout);
        try
        {
            database.Check(code);
            database.WaitForLocks(options.BusyTimeout);
            database.Configure(options);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Compiles one statement, to be kept and used many times. The connection disposes it at the latest.</summary>
    public SqliteStatement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        var prepared = new SqliteStatement(this, statement);
        _statements.Add(prepared);
        return prepared;
    }

    /// <summary>Runs one or several statements whose rows nobody wants.</summary>
    public void Execute(string sql)
    {
        var code = raw.sqlite3_exec(_handle, sql);
        if (code != raw.SQLITE_OK)
        {
            throw Fault();
        }
    }

    /// <summary>The first column of the first row; 0 when there is none.</summary>
    public long QueryInt64(string sql)
    {
        using var statement = Prepare(sql);
        return statement.Step() ? statement.GetInt64(0) : 0;
    }

    /// <summary>The first column of the first row as text; empty when there is none.</summary>
    public string QueryText(string sql)
    {
        using var statement = Prepare(sql);
        return statement.Step() ? statement.GetString(0) : "";
    }

    /// <summary>
    /// Begins a transaction that writes: takes the write lock now, so that it cannot fail half-way because another process wrote.
    /// Dispose rolls back what was not committed.
    /// </summary>
    /// <exception cref="SqliteFaultException">Another process wrote for longer than the busy timeout.</exception>
    public SqliteTransaction BeginImmediate()
    {
        // SQLite's own waiting backs off to 100 ms, so that a process that commits all the time starves the others. We look every millisecond.
        var code = raw.SQLITE_OK;
        WaitForLocks(TimeSpan.Zero);
        SpinWait.SpinUntil(() => (code = raw.sqlite3_exec(_handle, "BEGIN IMMEDIATE")) != raw.SQLITE_BUSY, BusyTimeout);
        var fault = code == raw.SQLITE_OK ? null : Fault();
        WaitForLocks(BusyTimeout);
        return fault is null ? new SqliteTransaction(this) : throw fault;
    }

    /// <summary>Begins a transaction that reads one consistent state. Dispose ends it.</summary>
    public SqliteTransaction BeginRead()
    {
        Execute("BEGIN DEFERRED");
        return new SqliteTransaction(this);
    }

    /// <summary>
    /// A number that changes when <em>another</em> connection (of this or another process) committed. Much cheaper than a query.
    /// </summary>
    public long DataVersion() => QueryInt64("PRAGMA data_version");

    /// <summary>Copies the write-ahead log into the file as far as readers allow, without waiting for them.</summary>
    public void Checkpoint()
    {
        var code = raw.sqlite3_wal_checkpoint_v2(_handle, null, raw.SQLITE_CHECKPOINT_PASSIVE, out _, out _);
        if (code is not (raw.SQLITE_OK or raw.SQLITE_BUSY or raw.SQLITE_LOCKED))
        {
            throw Fault();
        }
    }

    /// <summary>Makes a statement that runs on another thread return soon, with a fault of kind Other. Safe from any thread.</summary>
    public void Interrupt() => raw.sqlite3_interrupt(_handle);

    public void Dispose()
    {
        foreach (var statement in _statements.ToArray())
        {
            statement.Dispose();
        }

        // close_v2 never fails on an open handle, and rolls an open transaction back.
        raw.sqlite3_close_v2(_handle);
    }

    internal void Forget(SqliteStatement statement) => _statements.Remove(statement);

    internal void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw Fault();
        }
    }

    internal SqliteFaultException Fault()
        => SqliteFaultException.FromResult(raw.sqlite3_extended_errcode(_handle), Path, raw.sqlite3_errmsg(_handle).utf8_to_string());

    /// <summary>Rolls back without reporting: the caller is already on its way out with the first fault, which must not be hidden.</summary>
    internal void Rollback()
    {
        if (InTransaction)
        {
            raw.sqlite3_exec(_handle, "ROLLBACK");
        }
    }

    private void WaitForLocks(TimeSpan atMost) => Check(raw.sqlite3_busy_timeout(_handle, (int)atMost.TotalMilliseconds));

    private void Configure(SqliteDatabaseOptions options)
    {
        if (!options.ReadOnly)
        {
            // Both are fixed by the first write to the file, so they come before the journal mode.
            Pragma("page_size", options.PageSize);
            var vacuum = options.IncrementalVacuum ? 2 : 0;
            if (QueryInt64("PRAGMA auto_vacuum") != vacuum)
            {
                // Only when it changes something: SQLite takes the write lock for it, and opening would wait for whoever writes.
                Pragma("auto_vacuum", vacuum);
            }

            SwitchToWriteAheadLog(options.BusyTimeout);
            Pragma("synchronous", options.Durable ? 2 : 1);
            var pageSize = QueryInt64("PRAGMA page_size");
            Pragma("wal_autocheckpoint", Math.Max(options.CheckpointBytes > 0 ? 1 : 0, options.CheckpointBytes / pageSize));
        }

        Pragma("cache_size", -(options.CacheBytes / 1024));
        Pragma("mmap_size", options.MemoryMapBytes);
        Pragma("foreign_keys", 1);
        Pragma("temp_store", 2);
    }

    /// <summary>
    /// The switch needs the file for itself for a moment, and SQLite does not always wait for that when several processes
    /// create the file at once.
    /// </summary>
    private void SwitchToWriteAheadLog(TimeSpan patience)
    {
        SqliteFaultException? last = null;
        var switched = SpinWait.SpinUntil(
            () =>
            {
                try
                {
                    return QueryText("PRAGMA journal_mode = WAL") == "wal";
                }
                catch (SqliteFaultException e) when (e.Kind == SqliteFaultKind.Busy)
                {
                    last = e;
                    return false;
                }
            },
            patience);
        if (!switched)
        {
            throw last ?? new SqliteFaultException(SqliteFaultKind.Other, Path, $"{Path} cannot be put into write-ahead mode: its file system does not support it.");
        }
    }

    private void Pragma(string name, long value)
    {
        using var statement = Prepare(string.Create(CultureInfo.InvariantCulture, $"PRAGMA {name} = {value}"));
        while (statement.Step())
        {
            // Some pragmas answer with a row; the answer says what was asked for.
        }
    }
}
