using System.Data.Common;

namespace Pipeline.Scheduling.Metadata;

/// <summary>
/// What differs between the two databases that can hold the metadata: how a connection is opened, how a writer keeps others out, and the few
/// words of SQL they do not share. Everything else of the stores is one text for both.
/// </summary>
internal abstract class MetadataDialect : IAsyncDisposable
{
    /// <summary>The database as people know it, for messages.</summary>
    public abstract string Place { get; }

    /// <summary>Folder of the migration scripts.</summary>
    public abstract string Scripts { get; }

    /// <summary>Ends a SELECT whose rows the transaction is going to change; rows that another transaction holds are passed over.</summary>
    public abstract string ForUpdateSkipLocked { get; }

    /// <summary>Ends a SELECT whose rows the transaction is going to change; waits for another transaction that holds them.</summary>
    public abstract string ForUpdate { get; }

    public abstract DbConnection Open();

    /// <summary>Begins a transaction that may write.</summary>
    public abstract DbTransaction BeginWrite(DbConnection connection);

    /// <summary>Keeps other processes from migrating until the transaction ends.</summary>
    public abstract void LockMigrations(MetadataSession session);

    public abstract int ReadVersion(MetadataSession session);

    public abstract void WriteVersion(MetadataSession session, int version);

    /// <summary>A condition that a column is one of the values of a list parameter.</summary>
    public abstract string AnyOf(string parameter);

    /// <summary>A table of the objects in a JSON array parameter, with these columns and types (<c>text</c>, <c>bigint</c>).</summary>
    public abstract string Rows(string parameter, params IReadOnlyList<(string Column, string Type)> columns);

    /// <summary>Wakes the schedulers of other processes once the transaction is committed.</summary>
    public abstract void Notify(MetadataSession session);

    /// <summary>The sentence for a fault of this database; <see langword="null"/> when the exception is not one.</summary>
    public abstract MetadataStoreException? Translate(Exception fault);

    public abstract ValueTask DisposeAsync();
}
