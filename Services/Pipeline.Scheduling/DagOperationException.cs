namespace Pipeline.Scheduling;

/// <summary>An operation was refused; nothing has changed. The message is a sentence for whoever asked.</summary>
public sealed class DagOperationException(DagOperationFault kind, string message) : Exception(message)
{
    public DagOperationFault Kind { get; } = kind;

    internal static DagOperationException NoDag(string dagId) => new(DagOperationFault.NotFound, $"There is no DAG '{dagId}'.");

    internal static DagOperationException NoRun(string dagId, string runId) => new(DagOperationFault.NotFound, $"The DAG '{dagId}' has no run '{runId}'.");

    internal static DagOperationException Invalid(string message) => new(DagOperationFault.Invalid, message);

    internal static DagOperationException Conflict(string message) => new(DagOperationFault.Conflict, message);
}

public enum DagOperationFault : byte
{
    /// <summary>What was named does not exist.</summary>
    NotFound,

    /// <summary>The request cannot be meant.</summary>
    Invalid,

    /// <summary>What exists already, or is under way, stands against it.</summary>
    Conflict,
}
