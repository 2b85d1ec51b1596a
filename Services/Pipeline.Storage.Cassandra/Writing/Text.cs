namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>Text as it may be bound: a null would become a tombstone, and none of our columns is without a value.</summary>
internal static class Text
{
    /// <exception cref="StorageException">There is no text.</exception>
    public static string Of(string? text) => text ?? throw new StorageException("A row has no value in a text column; nothing of its batch is written.", isTransient: false);
}
