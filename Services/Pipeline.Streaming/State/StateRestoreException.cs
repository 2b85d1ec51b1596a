namespace Pipeline.Streaming.State;

/// <summary>Saved state cannot be used: it is damaged, or belongs to another definition of the topology.</summary>
public sealed class StateRestoreException(string message) : Exception(message);
