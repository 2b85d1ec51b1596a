using System.Collections.Concurrent;
using Npgsql;
using Pipeline.Testing;

[assembly: AssemblyFixture(typeof(Pipeline.Scheduling.Tests.TestDatabase.Leftovers))]

namespace Pipeline.Scheduling.Tests;

/// <summary>
/// A database of one test's own on the PostgreSQL server. To make one, its tables, and to drop it again takes seconds on a slow disk, so a test may be given
/// one that an earlier test is done with, emptied; all are dropped when the tests have ended.
/// </summary>
internal sealed class TestDatabase : IDisposable
{
    /// <summary>Everything but what the migrations put there, whatever the tables; past the triggers, which refuse some of it.</summary>
    private const string EmptyIt = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
        DO $$
        DECLARE name TEXT;
        BEGIN
            SET LOCAL session_replication_role = replica;
            FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('schema_version', 'task_instance_transition', 'dag_run_transition', 'slot_pool') LOOP
                EXECUTE format('DELETE FROM %I', name);
            END LOOP;
            FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
                EXECUTE format('ALTER SEQUENCE %I RESTART', name);
            END LOOP;
            DELETE FROM slot_pool;
            INSERT INTO slot_pool (pool, slots, description) VALUES ('default_pool', 128, 'Default pool');
        END $$;
        """;

    private static readonly ConcurrentBag<TestDatabase> Free = [];
    private static readonly ConcurrentBag<TestDatabase> All = [];

    private readonly string _server;
    private readonly string _name = $"pipeline_{Guid.NewGuid():N}";

    private TestDatabase(string server)
    {
        _server = server;
        ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = _name }.ConnectionString;
        All.Add(this);
    }

    public string ConnectionString { get; }

    /// <summary>Skips the test when there is no server.</summary>
    /// <param name="withoutTables">The server does not have the database yet: the first connection makes it.</param>
    public static TestDatabase Create(bool withoutTables = false)
    {
        var server = RequiresServer.ConnectionString("postgres");
        return !withoutTables && Free.TryTake(out var used) ? used : new TestDatabase(server);
    }

    public void Dispose()
    {
        ClearPool();
        try
        {
            using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
            connection.Open();
            using var empty = new NpgsqlCommand(EmptyIt, connection);
            empty.ExecuteNonQuery();
            Free.Add(this);
        }
        catch (PostgresException)
        {
            // It has not come to its tables, or was left in a state that does not matter: it goes with the others at the end.
        }
    }

    private void ClearPool()
    {
        using var mine = new NpgsqlConnection(ConnectionString);
        NpgsqlConnection.ClearPool(mine);
    }

    private void Drop()
    {
        ClearPool();
        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_server) { Pooling = false }.ConnectionString);
        connection.Open();
        using var drop = new NpgsqlCommand($"DROP DATABASE IF EXISTS {_name} WITH (FORCE)", connection);
        drop.ExecuteNonQuery();
    }

    internal sealed class Leftovers : IDisposable
    {
        public void Dispose()
        {
            foreach (var database in All)
            {
                database.Drop();
            }
        }
    }
}
