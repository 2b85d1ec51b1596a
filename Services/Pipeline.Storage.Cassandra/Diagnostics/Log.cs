using Microsoft.Extensions.Logging;

namespace Pipeline.Storage.Cassandra.Diagnostics;

/// <summary>Messages of the Cassandra store; event ids 2100 to 2199.</summary>
internal static partial class Log
{
    [LoggerMessage(2100, LogLevel.Information, "Connected to Cassandra at {Address} (datacenter {Datacenter}), results are kept in the keyspace {Keyspace}")]
    public static partial void Connected(ILogger logger, string address, string datacenter, string keyspace);

    [LoggerMessage(2101, LogLevel.Information, "The schema of the keyspace {Keyspace} is now version {Version}")]
    public static partial void Migrated(ILogger logger, string keyspace, int version);

    [LoggerMessage(2102, LogLevel.Information, "Waiting for {Owner}, which changes the schema of the keyspace {Keyspace}")]
    public static partial void WaitingForSchema(ILogger logger, string owner, string keyspace);

    [LoggerMessage(2103, LogLevel.Debug, "A write is sent again (attempt {Attempt}): {Reason}")]
    public static partial void WriteRetried(ILogger logger, int attempt, string reason);
}
