using Microsoft.Data.Sqlite;
using Npgsql;
using SQLitePCL;

namespace Pipeline.Scheduling.Metadata;

/// <summary>The metadata database could not do what was asked; the message is a sentence for people.</summary>
public sealed class MetadataStoreException : Exception
{
    public MetadataStoreException(string message, bool isTransient, Exception? innerException = null)
        : base(message, innerException) => IsTransient = isTransient;

    /// <summary>Whether the same call can succeed later: the lock is released, room is made, the mount is writable again.</summary>
    public bool IsTransient { get; }

    /// <summary>Whether the database did not answer at all. A write that ends so may have been written all the same.</summary>
    internal bool IsUnreachable { get; private init; }

    internal static MetadataStoreException Unreachable(Exception fault, string place)
        => new($"The scheduler's metadata database ({place}) does not answer: {fault.Message.TrimEnd('.')}.", true, fault) { IsUnreachable = true };

    internal static MetadataStoreException From(PostgresException fault, string place) => fault.SqlState switch
    {
        // The server starts, stops, or has closed the connection for a reason of its own.
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections
            => Unreachable(fault, place),
        PostgresErrorCodes.DiskFull => new($"The disk of the scheduler's metadata database ({place}) is full. Nothing was lost; free some room.", true, fault),
        PostgresErrorCodes.ReadOnlySqlTransaction => new($"The scheduler's metadata database ({place}) is read-only; it may be a standby.", true, fault),
        PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled
            => new($"The scheduler's metadata database ({place}) is busy: {fault.MessageText}.", true, fault),
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification
            => new($"The scheduler's metadata database ({place}) refused the log-in: {fault.MessageText}. Check ConnectionStrings:postgres.", false, fault),
        _ => new($"The scheduler's metadata database ({place}) refused a statement: {fault.MessageText}.", false, fault),
    };

    internal static MetadataStoreException From(SqliteException fault, string path) => fault.SqliteErrorCode switch
    {
        raw.SQLITE_FULL => new($"The disk is full: the scheduler's metadata database {path} cannot grow. Nothing was lost; free some room.", true, fault),
        raw.SQLITE_READONLY => new($"The scheduler's metadata database {path} is read-only; make the file and its directory writable.", true, fault),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new($"The scheduler's metadata database {path} is locked by another process.", true, fault),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => new(
            $"The scheduler's metadata database {path} is damaged ({fault.Message}). Move it away to start with an empty one: runs and their history are lost, events are not.", false, fault),
        raw.SQLITE_CANTOPEN => new($"The scheduler's metadata database {path} cannot be opened; check that its directory exists and may be written.", true, fault),
        raw.SQLITE_IOERR => new($"Reading or writing the scheduler's metadata database {path} failed: {fault.Message}.", true, fault),
        _ => new($"The scheduler's metadata database {path} refused a statement: {fault.Message}.", false, fault),
    };
}
