namespace Pipeline.EventLog.Schemas;

/// <summary>The registry could not do what was asked, or refused; the message has its own words.</summary>
public sealed class SchemaRegistryException(string message, bool isTransient, Exception? innerException = null, bool isConflict = false) : Exception(message, innerException)
{
    /// <summary>Whether the same question can be answered later without anybody's help.</summary>
    public bool IsTransient { get; } = isTransient;

    /// <summary>Whether the registry says that what it has stands against it.</summary>
    public bool IsConflict { get; } = isConflict;
}
