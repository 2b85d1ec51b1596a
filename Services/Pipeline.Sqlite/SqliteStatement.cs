using SQLitePCL;

namespace Pipeline.Sqlite;

/// <summary>
/// A compiled statement. Parameters are numbered from 1, columns from 0. Spans from a column are valid until the next
/// <see cref="Step"/>, <see cref="Reset"/> or bind. Same thread rule as its connection.
/// </summary>
public sealed unsafe class SqliteStatement : IDisposable
{
    /// <summary>SQLITE_STATIC: the value stays where it is until it is bound anew.</summary>
    private const nint Static = 0;

    private readonly SqliteDatabase _database;
    private readonly sqlite3_stmt _handle;
    private readonly ParameterBuffers _parameters;
    private readonly nint _statement;
    private bool _disposed;

    internal SqliteStatement(SqliteDatabase database, sqlite3_stmt handle)
    {
        _database = database;
        _handle = handle;
        _statement = handle.DangerousGetHandle();
        _parameters = new ParameterBuffers(raw.sqlite3_bind_parameter_count(handle));
    }

    public SqliteStatement Bind(int parameter, long value)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Check(NativeMethods.BindInt64(_statement, parameter, value));
        return this;
    }

    public SqliteStatement Bind(int parameter, double value)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Check(NativeMethods.BindDouble(_statement, parameter, value));
        return this;
    }

    /// <summary>Binds a copy of UTF-8 text.</summary>
    public SqliteStatement BindText(int parameter, ReadOnlySpan<byte> utf8)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (utf8.Length <= ParameterBuffers.LongestKept && _parameters.Has(parameter))
        {
            Check(NativeMethods.BindText(_statement, parameter, _parameters.Keep(parameter, utf8), utf8.Length, Static));
        }
        else
        {
            Check(raw.sqlite3_bind_text(_handle, parameter, utf8));
        }

        return this;
    }

    public SqliteStatement BindText(int parameter, string? text)
    {
        Check(text is null ? raw.sqlite3_bind_null(_handle, parameter) : raw.sqlite3_bind_text(_handle, parameter, text));
        return this;
    }

    /// <summary>Binds a copy of bytes. An empty span is an empty blob, not null.</summary>
    public SqliteStatement BindBlob(int parameter, ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (bytes.Length <= ParameterBuffers.LongestKept && _parameters.Has(parameter))
        {
            Check(NativeMethods.BindBlob(_statement, parameter, _parameters.Keep(parameter, bytes), bytes.Length, Static));
        }
        else
        {
            Check(raw.sqlite3_bind_blob(_handle, parameter, bytes));
        }

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
        ObjectDisposedException.ThrowIf(_disposed, this);
        var code = NativeMethods.Step(_statement);
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
    public void Reset()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);

        // Its code repeats the fault of the last step, which was reported then.
        _ = NativeMethods.Reset(_statement);
    }

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
            _parameters.Dispose();
        }
    }

    private void Check(int code) => _database.Check(code);
}
