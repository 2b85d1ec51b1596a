using System.Data.Common;
using Dapper;
using Npgsql;

namespace Pipeline.Scheduling.Metadata;

/// <summary>A PostgreSQL database. It is created when the server does not have it.</summary>
internal sealed class PostgresDialect : MetadataDialect
{
    /// <summary>Schedulers listen to this channel.</summary>
    public const string Channel = "pipeline_scheduling";

    /// <summary>Any number that nobody else takes for an advisory lock of this database.</summary>
    private const long MigrationLock = 0x50_69_70_65_6C_69_6E_65;

    // Made at the first use, so that a wrong setting is reported with the others and not by whoever asks for a service first.
    private readonly Lazy<NpgsqlConnectionStringBuilder> _settings;
    private readonly Lazy<NpgsqlDataSource> _source;

    /// <param name="source">The client of the same database; whoever made it disposes it.</param>
    public PostgresDialect(string connectionString, Func<NpgsqlDataSource> source)
    {
        _settings = new(() => Complete(new NpgsqlConnectionStringBuilder(connectionString)));
        _source = new(source);
    }

    public override string Place => $"PostgreSQL database {_settings.Value.Database} on {_settings.Value.Host}:{_settings.Value.Port}";

    public override string Scripts => "Postgres";

    public override string ForUpdateSkipLocked => "FOR UPDATE SKIP LOCKED";

    public override string ForUpdate => "FOR UPDATE";

    /// <summary>Adds what is not given.</summary>
    public static NpgsqlConnectionStringBuilder Complete(NpgsqlConnectionStringBuilder settings)
    {
        // A scheduler needs one connection that writes, one that listens and a few that read; many processes share one server.
        settings.MaxPoolSize = settings.ShouldSerialize("Maximum Pool Size") ? settings.MaxPoolSize : 10;
        settings.MaxAutoPrepare = settings.MaxAutoPrepare == 0 ? 100 : settings.MaxAutoPrepare;
        settings.Timeout = Math.Min(settings.Timeout, 5);
        settings.CommandTimeout = Math.Min(settings.CommandTimeout, 15);
        settings.ApplicationName ??= "pipeline-scheduling";
        settings.Database ??= "airflow";
        return settings;
    }

    public override DbConnection Open() => OpenConnection();

    public NpgsqlConnection OpenConnection()
    {
        try
        {
            return _source.Value.OpenConnection();
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            CreateDatabase();
            return _source.Value.OpenConnection();
        }
    }

    public override DbTransaction BeginWrite(DbConnection connection) => connection.BeginTransaction();

    public override void LockMigrations(MetadataSession session)
    {
        session.Execute("SELECT pg_advisory_xact_lock(@MigrationLock)", new { MigrationLock });
        session.Execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
    }

    public override int ReadVersion(MetadataSession session) => session.Scalar<int?>("SELECT MAX(version) FROM schema_version") ?? 0;

    public override void WriteVersion(MetadataSession session, int version) => session.Execute("INSERT INTO schema_version (version) VALUES (@version)", new { version });

    public override string AnyOf(string parameter) => $"= ANY(@{parameter})";

    public override string Rows(string parameter, params IReadOnlyList<(string Column, string Type)> columns)
        => $"jsonb_to_recordset(CAST(@{parameter} AS jsonb)) AS r({string.Join(", ", columns.Select(c => $"{c.Column} {c.Type}"))})";

    public override void Notify(MetadataSession session) => session.Execute($"NOTIFY {Channel}");

    public override MetadataStoreException? Translate(Exception fault) => fault switch
    {
        PostgresException refused => MetadataStoreException.From(refused, Place),
        NpgsqlException or TimeoutException or IOException => MetadataStoreException.Unreachable(fault, Place),
        _ => null,
    };

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void CreateDatabase()
    {
        var settings = new NpgsqlConnectionStringBuilder(_settings.Value.ConnectionString) { Database = "postgres", Pooling = false };
        using var connection = new NpgsqlConnection(settings.ConnectionString);
        connection.Open();
        try
        {
            connection.Execute($"CREATE DATABASE {new NpgsqlCommandBuilder().QuoteIdentifier(_settings.Value.Database!)}");
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another instance that starts at the same time was first.
        }
    }
}
