using Npgsql;
using Pipeline.Testing;

namespace Pipeline.Scheduling.Tests;

/// <summary>A database of one test's own on the PostgreSQL server; made by the first connection, dropped when disposed.</summary>
internal sealed class TestDatabase : IDisposable
{
    private readonly string _server;
    private readonly string _name = $"pipeline_{Guid.NewGuid():N}";

    private TestDatabase(string server)
    {
        _server = server;
        ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = _name }.ConnectionString;
    }

    public string ConnectionString { get; }

    /// <summary>Skips the test when there is no server.</summary>
    public static TestDatabase Create() => new(RequiresServer.ConnectionString("postgres"));

    public void Dispose()
    {
        using (var mine = new NpgsqlConnection(ConnectionString))
        {
            NpgsqlConnection.ClearPool(mine);
        }

        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_server) { Pooling = false }.ConnectionString);
        connection.Open();
        using var drop = new NpgsqlCommand($"DROP DATABASE IF EXISTS {_name} WITH (FORCE)", connection);
        drop.ExecuteNonQuery();
    }
}
