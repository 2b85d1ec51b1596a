namespace Pipeline.Sqlite;

/// <summary>The data directory cannot be used; the message says why in one sentence.</summary>
public sealed class DataDirectoryException(string message, Exception? innerException = null) : Exception(message, innerException);
