using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Cassandra;
using Microsoft.Extensions.Logging;
using Pipeline.Storage.Cassandra.Diagnostics;

namespace Pipeline.Storage.Cassandra.Schema;

/// <summary>
/// Makes and migrates the keyspace. Several instances may start at once: one at a time changes the schema, behind a lock row that
/// a light-weight transaction takes and that expires, so that a killed instance does not keep it. Every statement may run again.
/// </summary>
internal sealed class CassandraSchema(CassandraClient client, TimeProvider time, ILogger logger)
{
    private const string LockTable = "schema_lock";
    private const string LockName = "schema";
    private const int LockSeconds = 60;
    private const int TimeoutMs = 60_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    // What version 1 had made is laid out otherwise and is refused; the script of each version after the oldest one changes what is there.
    private const int Oldest = 2;
    private static readonly string[] Scripts = ["002-tables.cql", "003-last-stored.cql", "004-fewer-compactions.cql", "005-checkpoint-parts.cql"];

    public static int Version => Oldest + Scripts.Length - 1;

    private string Keyspace => client.Options.Keyspace;

    /// <summary>Removes the keyspace with everything in it. A server that is set so (<c>auto_snapshot</c>) keeps a snapshot of its files.</summary>
    public static async Task RemoveAsync(CassandraClient client, CancellationToken cancellationToken)
        => await client.ExecuteAsync(new SimpleStatement($"DROP KEYSPACE IF EXISTS {client.Options.Keyspace}").SetReadTimeoutMillis(TimeoutMs), cancellationToken);

    /// <exception cref="StorageException">Made by a newer version, or with another layout than the settings ask for.</exception>
    public async Task ApplyAsync(CancellationToken cancellationToken)
    {
        var session = await client.SessionAsync(cancellationToken);
        if (session.Keyspace != Keyspace)
        {
            await RunAsync($"CREATE KEYSPACE IF NOT EXISTS {Keyspace} WITH replication = {ReplicationSetting.ToCql(client.Options.Replication, client.LocalDatacenter)}", cancellationToken);
            await CreateLockTableAsync(cancellationToken);
            try
            {
                session.ChangeKeyspace(Keyspace);
            }
            catch (Exception e) when (Faults.IsStorageFault(e))
            {
                throw Faults.Translate(e);
            }
        }

        var version = await ReadVersionAsync(cancellationToken);
        if (version is > 0 and < Oldest)
        {
            throw new StorageException(
                $"The keyspace {Keyspace} has schema version {version}, whose tables are laid out otherwise. Drop it or use another one, and rebuild the results (replay).", isTransient: false);
        }

        if (version < Version)
        {
            await MigrateAsync(cancellationToken);
            version = await ReadVersionAsync(cancellationToken);
        }

        if (version > Version)
        {
            throw new StorageException(
                $"The keyspace {Keyspace} has schema version {version}, made by a newer version of this program, which knows {Version}. Use the newer one.", isTransient: false);
        }

        await CheckLayoutAsync(cancellationToken);
    }

    // Two nodes that create a table at once give it two ids, and one of the two loses its rows. The id is therefore not chance.
    private async Task CreateLockTableAsync(CancellationToken cancellationToken)
        => await RunAsync(
            $"""
            CREATE TABLE IF NOT EXISTS {Keyspace}.{LockTable} (name text PRIMARY KEY, owner text, version int, layout map<text, text>)
            WITH id = {IdOf($"{Keyspace}.{LockTable}")}
            """,
            cancellationToken);

    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        var owner = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid():N}";
        for (var isTold = false; !await TryLockAsync(owner, cancellationToken);)
        {
            if (await ReadVersionAsync(cancellationToken) >= Version)
            {
                return;
            }

            if (!isTold)
            {
                isTold = true;
                Log.WaitingForSchema(logger, await ReadOwnerAsync(cancellationToken), Keyspace);
            }

            await Task.Delay(Pause, time, cancellationToken);
        }

        try
        {
            for (var version = Math.Max(await ReadVersionAsync(cancellationToken), Oldest - 1); version < Version; version++)
            {
                foreach (var statement in StatementsOf(Scripts[version + 1 - Oldest]))
                {
                    await RunAsync(statement, cancellationToken);
                    if (!await TryLockAsync(owner, cancellationToken))
                    {
                        throw new StorageException($"Changing the schema of the keyspace {Keyspace} took so long that another instance goes on with it.", isTransient: true);
                    }
                }

                await RecordAsync(version + 1, cancellationToken);
                Log.Migrated(logger, Keyspace, version + 1);
            }
        }
        finally
        {
            await TryUnlockAsync(owner);
        }
    }

    /// <summary>Takes the lock, or makes it last longer when it is ours.</summary>
    private async Task<bool> TryLockAsync(string owner, CancellationToken cancellationToken)
    {
        var taken = await QueryAsync($"INSERT INTO {LockTable} (name, owner) VALUES (?, ?) IF NOT EXISTS USING TTL {LockSeconds}", [LockName, owner], cancellationToken);
        if (taken!.GetValue<bool>("[applied]"))
        {
            return true;
        }

        return taken.GetValue<string>("owner") == owner
            && await QueryAsync($"UPDATE {LockTable} USING TTL {LockSeconds} SET owner = ? WHERE name = ? IF owner = ?", [owner, LockName, owner], cancellationToken) is { } kept
            && kept.GetValue<bool>("[applied]");
    }

    private async Task TryUnlockAsync(string owner)
    {
        try
        {
            await QueryAsync($"DELETE FROM {LockTable} WHERE name = ? IF owner = ?", [LockName, owner], CancellationToken.None);
        }
        catch (StorageException)
        {
            // It expires.
        }
    }

    private async Task<string> ReadOwnerAsync(CancellationToken cancellationToken)
        => (await QueryAsync($"SELECT owner FROM {LockTable} WHERE name = ?", [LockName], cancellationToken))?.GetValue<string>("owner") ?? "nobody";

    private async Task<int> ReadVersionAsync(CancellationToken cancellationToken)
        => (await QueryAsync($"SELECT version FROM {LockTable} WHERE name = ?", ["version"], cancellationToken))?.GetValue<int?>("version") ?? 0;

    private async Task RecordAsync(int version, CancellationToken cancellationToken)
    {
        if (version == Oldest)
        {
            await QueryAsync($"INSERT INTO {LockTable} (name, layout) VALUES (?, ?) IF NOT EXISTS", ["layout", Layout()], cancellationToken);
            await QueryAsync($"INSERT INTO {LockTable} (name, version) VALUES (?, ?) IF NOT EXISTS", ["version", version], cancellationToken);
            return;
        }

        await QueryAsync($"UPDATE {LockTable} SET version = ? WHERE name = ? IF version = ?", [version, "version", version - 1], cancellationToken);
    }

    /// <summary>What decides where a row lies. With another value rows that are there would not be found.</summary>
    private Dictionary<string, string> Layout() => new(StringComparer.Ordinal)
    {
        [nameof(CassandraOptions.EventBucket)] = client.Options.EventBucket.ToString("c", CultureInfo.InvariantCulture),
        [nameof(CassandraOptions.EventShards)] = client.Options.EventShards.ToString(CultureInfo.InvariantCulture),
        [nameof(CassandraOptions.UserBucket)] = client.Options.UserBucket.ToString("c", CultureInfo.InvariantCulture),
        [nameof(CassandraOptions.UserSlots)] = client.Options.UserSlots.ToString(CultureInfo.InvariantCulture),
    };

    private async Task CheckLayoutAsync(CancellationToken cancellationToken)
    {
        var row = await QueryAsync($"SELECT layout FROM {LockTable} WHERE name = ?", ["layout"], cancellationToken);
        var made = row?.GetValue<IDictionary<string, string>>("layout") ?? Layout();
        var changed = Layout().Where(wanted => made.TryGetValue(wanted.Key, out var value) && value != wanted.Value).ToList();
        if (changed.Count > 0)
        {
            throw new StorageException(
                $"The keyspace {Keyspace} was made with {string.Join(", ", changed.Select(c => $"{CassandraOptions.SectionName}:{c.Key} {made[c.Key]} (now {c.Value})"))}. Set it back, or use another keyspace and rebuild the results (replay).",
                isTransient: false);
        }
    }

    private static string[] StatementsOf(string script)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(script)!;
        using var reader = new StreamReader(stream);
        var text = string.Join('\n', reader.ReadToEnd().Split('\n').Where(line => !line.StartsWith("--", StringComparison.Ordinal)));
        return text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private async Task RunAsync(string statement, CancellationToken cancellationToken)
    {
        var result = await client.ExecuteAsync(new SimpleStatement(statement).SetReadTimeoutMillis(TimeoutMs), cancellationToken);
        if (!result.Info.IsSchemaInAgreement)
        {
            throw new StorageException("The Cassandra nodes do not agree on the schema yet.", isTransient: true);
        }
    }

    /// <summary>The first row of a conditional write or of a read that must see it.</summary>
    private async Task<Row?> QueryAsync(string cql, object[] values, CancellationToken cancellationToken)
    {
        var statement = new SimpleStatement(cql, values);
        if (cql.StartsWith("SELECT", StringComparison.Ordinal))
        {
            statement.SetConsistencyLevel(client.SerialConsistency);
        }

        return (await client.ExecuteAsync(statement, cancellationToken)).FirstOrDefault();
    }

    private static Guid IdOf(string name) => new(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16), bigEndian: true);
}
