using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite;

/// <summary>SQLite's and the data directory's faults in the store's terms.</summary>
internal static class Faults
{
    public static bool IsStorageFault(Exception e) => e is SqliteFaultException or DataDirectoryException;

    public static Exception Translate(Exception e) => e switch
    {
        SqliteFaultException fault => new StorageException(fault.Message, fault.IsTransient, fault),
        DataDirectoryException fault => new StorageException(fault.Message, isTransient: false, fault),

        // A new one for each caller: an exception that several throw would mix up their stack traces.
        StaleEpochException stale => new StaleEpochException(stale.Message),
        StorageException fault => new StorageException(fault.Message, fault.IsTransient, fault),
        _ => new StorageException($"The results could not be written: {e.Message}", isTransient: false, e),
    };
}
