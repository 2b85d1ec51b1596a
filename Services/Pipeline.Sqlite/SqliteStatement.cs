using SQLitePCL;

namespace Pipeline.Sqlite;

/// <summary>
/// A compiled statement. Parameters are numbered from 1, columns from 0. Spans from a column are valid until the next
/// <see cref="Step"/>, <see cref="Reset"/> or bind. Same thread rule as its connection.
/// </summary>
public sealed class SqliteStatement : IDisposable
{
    private readonly SqliteDatabase _database;
    private readonly sqlite3_stmt _handle;
    private bool _disposed;

    internal SqliteStatement(SqliteDatabase database, sqlite3_stmt handle)
    {
        _database = database;
        _handle = handle;
    }

    public SqliteStatement Bind(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(_handle, parameter, value));
        return this;
    }

    public SqliteStatement Bind(int parameter, double value)
    {
        Check(raw.sqlite3_bind_double(_handle, parameter, value));
        return this;
    }

    /// <summary>Binds UTF-8 text; SQLite takes a copy.</summary>
    public SqliteStatement BindText(int parameter, ReadOnlySpan<byte> utf8)
    {
        // SQLite reads a null pointer as NULL, and an empty span has one.
        Check(utf8.IsEmpty ? raw.sqlite3_bind_text(_handle, parameter, "") : raw.sqlite3_bind_text(_handle, parameter, utf8));
        return this;
    }

    public SqliteStatement BindText(int parameter, string? text)
    {
        Check(text is null ? raw.sqlite3_bind_null(_handle, parameter) : raw.sqlite3_bind_text(_handle, parameter, text));
        return this;
    }

    /// <summary>Binds bytes; SQLite takes a copy. An empty span is an empty blob, not null.</summary>
    public SqliteStatement BindBlob(int parameter, ReadOnlySpan<byte> bytes)
    {
        Check(bytes.IsEmpty ? raw.sqlite3_bind_zeroblob(_handle, parameter, 0) : raw.sqlite3_bind_blob(_handle, parameter, bytes));
        return this;
    }

    public SqliteStatement BindNull(int parameter)
    {
        Check(raw.sqlite3_bind_null(_handle, parameter));
        return this;
    }

    /// <summary>Runs to the next row. Returns false, and resets, when there is none.</summary>
    /// <exception cref="SqliteFaultException">SQLite refused; the statement is reset.</exception>
    public bool Step()
    {
        var code = raw.sqlite3_step(_handle);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        if (code == raw.SQLITE_DONE)
        {
            Reset();
            return false;
        }

        var fault = _database.Fault();
        Reset();
        throw fault;
    }

    /// <summary>Runs to the end and resets, for statements whose rows nobody wants.</summary>
    public void Execute()
    {
        while (Step())
        {
            // A row of RETURNING or of a pragma.
        }
    }

    /// <summary>Ends the current run, so that the statement can run again and holds no lock. Bound values stay.</summary>
    public void Reset() => raw.sqlite3_reset(_handle);

    /// <summary>Sets every parameter to null.</summary>
    public void ClearBindings() => raw.sqlite3_clear_bindings(_handle);

    public bool IsNull(int column) => raw.sqlite3_column_type(_handle, column) == raw.SQLITE_NULL;

    public int GetInt32(int column) => raw.sqlite3_column_int(_handle, column);

    public long GetInt64(int column) => raw.sqlite3_column_int64(_handle, column);

    public double GetDouble(int column) => raw.sqlite3_column_double(_handle, column);

    /// <summary>The bytes of a blob or the UTF-8 of a text; empty for null.</summary>
    public ReadOnlySpan<byte> GetBytes(int column) => raw.sqlite3_column_blob(_handle, column);

    /// <summary>The text; empty for null.</summary>
    public string GetString(int column) => System.Text.Encoding.UTF8.GetString(GetBytes(column));

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _database.Forget(this);
            raw.sqlite3_finalize(_handle);
        }
    }

    private void Check(int code) => _database.Check(code);
}
