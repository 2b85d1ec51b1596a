namespace Pipeline.Storage;

/// <summary>The store could not do what was asked.</summary>
public class StorageException(string message, bool isTransient, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Whether the same call can succeed later without anybody's help (a lock, a timeout, an outage, a full disk).</summary>
    public bool IsTransient { get; } = isTransient;
}

/// <summary>The partition was taken over by another writer; this one must drop its state.</summary>
public sealed class StaleEpochException(string message) : StorageException(message, isTransient: false);

/// <summary>A cursor that this store did not make.</summary>
public sealed class InvalidCursorException(string message) : StorageException(message, isTransient: false);
