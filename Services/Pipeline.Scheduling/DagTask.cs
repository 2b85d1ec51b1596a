namespace Pipeline.Scheduling;

/// <summary>A node of a DAG: a plain async function and how it is run.</summary>
/// <param name="id">Letters, digits, <c>_ - .</c>; unique within the DAG.</param>
/// <param name="run">The work of one try. It must be repeatable: a try may be cut off at any point and run again.</param>
public sealed class DagTask(string id, Func<TaskContext, CancellationToken, Task> run)
{
    public string Id { get; } = id;

    public Func<TaskContext, CancellationToken, Task> Run { get; } = run;

    /// <summary>Tries after the first one. Default: 0.</summary>
    public int Retries { get; init; }

    /// <summary>How long to wait before a retry. Default: 1 s, doubling, at most 5 min.</summary>
    public RetryDelay RetryDelay { get; init; } = RetryDelay.Default;

    /// <summary>How long one try may take before its token is cancelled. Default: 5 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    public TriggerRule TriggerRule { get; init; } = TriggerRule.AllSuccess;
}
