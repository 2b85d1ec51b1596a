namespace Pipeline.Scheduling.Metadata;

/// <summary>The metadata database: reads, writes and versioned migrations, the same for both dialects.</summary>
internal sealed class MetadataDatabase(MetadataDialect dialect) : IAsyncDisposable
{
    /// <summary>The version that this code knows. A version may have a script for one dialect only.</summary>
    public const int Version = 4;

    private readonly WriteQueue _writes = new(dialect);
    private volatile bool _isMigrated;

    public MetadataDialect Dialect => dialect;

    /// <summary>Makes the tables, or brings them to the newest version. Safe when several processes start at once.</summary>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        if (_isMigrated)
        {
            return;
        }

        await WriteAsync(Migrate, cancellationToken);
        _isMigrated = true;
    }

    /// <summary>Runs a function in a transaction; it may run twice, see <see cref="WriteQueue"/>.</summary>
    /// <exception cref="MetadataStoreException">The database failed.</exception>
    public Task<T> WriteAsync<T>(Func<MetadataSession, T> write, CancellationToken cancellationToken) => _writes.RunAsync(write, cancellationToken);

    /// <summary>Writes an item together with others of its kind; it may be written twice, as any write.</summary>
    /// <exception cref="MetadataStoreException">The database failed.</exception>
    public Task<TResult> WriteAsync<TItem, TResult>(SharedWrite<TItem, TResult> kind, TItem item, CancellationToken cancellationToken)
        => _writes.RunAsync(kind, item, cancellationToken);

    /// <exception cref="MetadataStoreException">The database failed.</exception>
    public T Read<T>(Func<MetadataSession, T> read)
    {
        try
        {
            using var connection = dialect.Open();
            return read(new MetadataSession(connection, null, dialect));
        }
        catch (Exception fault) when (dialect.Translate(fault) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>Reads on a thread of its own: SQLite cannot do otherwise, and one text of the stores serves both.</summary>
    /// <exception cref="MetadataStoreException">The database failed.</exception>
    public Task<T> ReadAsync<T>(Func<MetadataSession, T> read, CancellationToken cancellationToken) => Task.Run(() => Read(read), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _writes.DisposeAsync();
        await dialect.DisposeAsync();
    }

    private static int Migrate(MetadataSession session)
    {
        var dialect = session.Dialect;
        dialect.LockMigrations(session);
        var version = dialect.ReadVersion(session);
        if (version > Version)
        {
            throw new MetadataStoreException(
                $"The scheduler's metadata database ({dialect.Place}) has version {version}, made by a newer version of this program, which knows up to {Version}.", isTransient: false);
        }

        for (var next = version + 1; next <= Version; next++)
        {
            if (ReadScript(dialect, next) is { } script)
            {
                session.RunScript(script);
            }
        }

        if (version < Version)
        {
            dialect.WriteVersion(session, Version);
        }

        return Version;
    }

    private static string? ReadScript(MetadataDialect dialect, int version)
    {
        var prefix = $"Pipeline.Scheduling.Metadata.Migrations.{dialect.Scripts}.{version:000}-";
        var assembly = typeof(MetadataDatabase).Assembly;
        var name = assembly.GetManifestResourceNames().SingleOrDefault(resource => resource.StartsWith(prefix, StringComparison.Ordinal));
        if (name is null)
        {
            return null;
        }

        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
