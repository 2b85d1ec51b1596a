using Pipeline.Testing;

namespace Pipeline.Sqlite.Tests;

public sealed class SqliteDatabaseTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Open_NewFile_IsInWriteAheadModeAndWaitsForTheDisk()
    {
        using var database = Open();

        Assert.Equal("wal", database.QueryText("PRAGMA journal_mode"));
        Assert.Equal(2, database.QueryInt64("PRAGMA synchronous"));
        Assert.Equal(1, database.QueryInt64("PRAGMA foreign_keys"));
    }

    [Fact]
    public void Open_PageSizeAndVacuum_AreThoseAskedFor()
    {
        using var database = Open(new SqliteDatabaseOptions { PageSize = 16384, IncrementalVacuum = true, CheckpointBytes = 1 << 20, Durable = false });

        Assert.Equal(16384, database.QueryInt64("PRAGMA page_size"));
        Assert.Equal(2, database.QueryInt64("PRAGMA auto_vacuum"));
        Assert.Equal(64, database.QueryInt64("PRAGMA wal_autocheckpoint"));
        Assert.Equal(1, database.QueryInt64("PRAGMA synchronous"));
    }

    [Fact]
    public void Open_WhileAnotherConnectionWrites_DoesNotWaitForIt()
    {
        var options = new SqliteDatabaseOptions { IncrementalVacuum = true, BusyTimeout = TimeSpan.Zero };
        using var first = Open(options);
        first.Execute("CREATE TABLE t (a)");
        using var transaction = first.BeginImmediate();
        first.Execute("INSERT INTO t VALUES (1)");

        using var second = Open(options);

        Assert.Equal(0, second.QueryInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Statement_EveryKindOfValue_ComesBackAsBound()
    {
        using var database = Open();
        database.Execute("CREATE TABLE t (a, b, c, d, e, f)");
        using (var insert = database.Prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)"))
        {
            insert.Bind(1, long.MinValue).Bind(2, 0.1).BindText(3, "Zoë"u8).BindBlob(4, [0, 255]).BindNull(5).BindText(6, "日本").Execute();
        }

        using var select = database.Prepare("SELECT a, b, c, d, e, f FROM t");
        Assert.True(select.Step());
        Assert.Equal(long.MinValue, select.GetInt64(0));
        Assert.Equal(0.1, select.GetDouble(1));
        Assert.Equal("Zoë"u8.ToArray(), select.GetBytes(2).ToArray());
        Assert.Equal([0, 255], select.GetBytes(3).ToArray());
        Assert.True(select.IsNull(4));
        Assert.Equal("日本", select.GetString(5));
        Assert.False(select.Step());
    }

    [Fact]
    public void Statement_EmptyTextAndBlob_AreNotNull()
    {
        using var database = Open();
        using var select = database.Prepare("SELECT typeof(?1), typeof(?2), ?1");

        select.BindText(1, ReadOnlySpan<byte>.Empty).BindBlob(2, []);

        Assert.True(select.Step());
        Assert.Equal("text", select.GetString(0));
        Assert.Equal("blob", select.GetString(1));
        Assert.False(select.IsNull(2));
        Assert.True(select.GetBytes(2).IsEmpty);
    }

    [Fact]
    public void Transaction_NotCommitted_LeavesNothing()
    {
        using var database = Open();
        database.Execute("CREATE TABLE t (a)");

        using (database.BeginImmediate())
        {
            database.Execute("INSERT INTO t VALUES (1)");
        }

        Assert.False(database.InTransaction);
        Assert.Equal(0, database.QueryInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public void BeginImmediate_AnotherConnectionWrites_IsBusyAndTransient()
    {
        using var first = Open();
        using var second = Open(new SqliteDatabaseOptions { BusyTimeout = TimeSpan.FromMilliseconds(20) });
        using var transaction = first.BeginImmediate();

        var fault = Assert.Throws<SqliteFaultException>(() => second.BeginImmediate());

        Assert.Equal(SqliteFaultKind.Busy, fault.Kind);
        Assert.True(fault.IsTransient);
    }

    [Fact]
    public void Commit_FileMayNotGrow_IsFullAndLaterWritesSucceed()
    {
        using var database = Open();
        database.Execute("CREATE TABLE t (a)");
        database.Execute("PRAGMA max_page_count = 4");

        var fault = Assert.Throws<SqliteFaultException>(() =>
        {
            using var transaction = database.BeginImmediate();
            database.Execute("INSERT INTO t VALUES (zeroblob(100000))");
            transaction.Commit();
        });
        database.Execute("PRAGMA max_page_count = 1000");
        database.Execute("INSERT INTO t VALUES (zeroblob(100000))");

        Assert.Equal(SqliteFaultKind.Full, fault.Kind);
        Assert.True(fault.IsTransient);
        Assert.Contains("is full", fault.Message, StringComparison.Ordinal);
        Assert.Equal(1, database.QueryInt64("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Open_FileOfText_IsCorrupt()
    {
        File.WriteAllText(_directory.File("x.db"), string.Concat(Enumerable.Repeat("this is not a database\n", 500)));

        var fault = Assert.Throws<SqliteFaultException>(() => Open());

        Assert.Equal(SqliteFaultKind.Corrupt, fault.Kind);
        Assert.Contains(_directory.File("x.db"), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_DirectoryMissing_CannotOpen()
    {
        var fault = Assert.Throws<SqliteFaultException>(() => SqliteDatabase.Open(_directory.File("missing/x.db"), new SqliteDatabaseOptions()));

        Assert.Equal(SqliteFaultKind.CantOpen, fault.Kind);
    }

    [Fact]
    public void Write_ReadOnlyConnection_IsReadOnly()
    {
        using (var database = Open())
        {
            database.Execute("CREATE TABLE t (a)");
        }

        using var reader = Open(new SqliteDatabaseOptions { ReadOnly = true });
        var fault = Assert.Throws<SqliteFaultException>(() => reader.Execute("INSERT INTO t VALUES (1)"));

        Assert.Equal(SqliteFaultKind.ReadOnly, fault.Kind);
        Assert.False(fault.IsTransient);
    }

    [Fact]
    public void Insert_BrokenConstraint_IsConstraint()
    {
        using var database = Open();
        database.Execute("CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES (1)");

        var fault = Assert.Throws<SqliteFaultException>(() => database.Execute("INSERT INTO t VALUES (1)"));

        Assert.Equal(SqliteFaultKind.Constraint, fault.Kind);
    }

    [Fact]
    public void DataVersion_AnotherConnectionCommits_Changes()
    {
        using var first = Open();
        using var second = Open();
        first.Execute("CREATE TABLE t (a)");
        var before = second.DataVersion();

        first.Execute("INSERT INTO t VALUES (1)");

        Assert.NotEqual(before, second.DataVersion());
    }

    [Fact]
    public async Task Open_ManyAtOnce_AllSucceed()
    {
        var migrations = new SqliteMigrations(7, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)");

        await Parallel.ForAsync(0, 16, TestContext.Current.CancellationToken, (_, _) =>
        {
            using var database = Open();
            migrations.Apply(database);
            return ValueTask.CompletedTask;
        });

        using var after = Open();
        Assert.Equal(1, after.QueryInt64("SELECT count(*) FROM t"));
        Assert.Equal(2, after.QueryInt64("PRAGMA user_version"));
    }

    [Fact]
    public void Migrations_OlderFile_RunsOnlyWhatIsMissing()
    {
        using var database = Open();
        new SqliteMigrations(7, "CREATE TABLE t (a)").Apply(database);

        new SqliteMigrations(7, "CREATE TABLE t (a)", "ALTER TABLE t ADD COLUMN b").Apply(database);

        Assert.Equal(2, database.QueryInt64("SELECT count(*) FROM pragma_table_info('t')"));
    }

    [Fact]
    public void Migrations_NewerFile_IsRefused()
    {
        using var database = Open();
        new SqliteMigrations(7, "CREATE TABLE t (a)", "CREATE TABLE u (a)").Apply(database);

        var fault = Assert.Throws<SqliteFaultException>(() => new SqliteMigrations(7, "CREATE TABLE t (a)").Apply(database));

        Assert.Equal(SqliteFaultKind.NewerSchema, fault.Kind);
        Assert.Contains("schema 2", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Migrations_FileOfSomethingElse_IsRefusedUntouched()
    {
        using var database = Open();
        database.Execute("CREATE TABLE theirs (a)");

        var fault = Assert.Throws<SqliteFaultException>(() => new SqliteMigrations(7, "CREATE TABLE t (a)").Apply(database));

        Assert.Equal(SqliteFaultKind.ForeignFile, fault.Kind);
        Assert.Equal(1, database.QueryInt64("SELECT count(*) FROM sqlite_schema"));
    }

    [Fact]
    public void Migrations_ScriptFails_LeavesTheFileAsItWas()
    {
        using var database = Open();

        Assert.Throws<SqliteFaultException>(() => new SqliteMigrations(7, "CREATE TABLE t (a)", "nonsense").Apply(database));

        Assert.Equal(0, database.QueryInt64("PRAGMA user_version"));
        Assert.Equal(0, database.QueryInt64("SELECT count(*) FROM sqlite_schema"));
    }

    private SqliteDatabase Open(SqliteDatabaseOptions? options = null) => SqliteDatabase.Open(_directory.File("x.db"), options ?? new SqliteDatabaseOptions());

    [Fact]
    public void Bind_ValuesOfEveryLengthOverOneStatement_EachRowKeepsItsOwn()
    {
        using var database = Open();
        database.Execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB)");
        using var insert = database.Prepare("INSERT INTO t (id, text, bytes) VALUES (?1, ?2, ?3)");
        int[] lengths = [0, 1, 15, 16, 17, 4096, 3, 4097, 0, 100_000, 5];
        for (var i = 0; i < lengths.Length; i++)
        {
            // The memory given is overwritten at once: the statement has to have its own.
            var bytes = Enumerable.Repeat((byte)('a' + i), lengths[i]).ToArray();
            insert.Bind(1, i).BindText(2, bytes).BindBlob(3, bytes);
            bytes.AsSpan().Clear();
            insert.Execute();
        }

        using var select = database.Prepare("SELECT typeof(text), text, typeof(bytes), bytes FROM t ORDER BY id");
        for (var i = 0; i < lengths.Length; i++)
        {
            Assert.True(select.Step());
            Assert.Equal(("text", "blob"), (select.GetString(0), select.GetString(2)));
            Assert.Equal(new string((char)('a' + i), lengths[i]), select.GetString(1));
            Assert.Equal(Enumerable.Repeat((byte)('a' + i), lengths[i]), select.GetBytes(3).ToArray());
        }
    }

    [Fact]
    public void Bind_ParameterThatDoesNotExist_IsRefused()
    {
        using var database = Open();
        using var statement = database.Prepare("SELECT ?1");

        Assert.Throws<SqliteFaultException>(() => statement.BindBlob(2, [1]));
        Assert.Throws<SqliteFaultException>(() => statement.BindText(0, "x"u8));
        Assert.Throws<SqliteFaultException>(() => statement.Bind(3, 1L));
    }

    [Fact]
    public void Statement_AfterDispose_IsRefused()
    {
        using var database = Open();
        var statement = database.Prepare("SELECT 1");
        statement.Dispose();

        Assert.Throws<ObjectDisposedException>(() => statement.Step());
        Assert.Throws<ObjectDisposedException>(() => statement.Bind(1, 1L));
    }
}
