namespace Pipeline.Scheduling;

/// <summary>A DAG that is not valid; <see cref="Errors"/> has every fault.</summary>
public sealed class DagException(string dagId, IReadOnlyList<string> errors)
    : Exception($"The DAG '{dagId}' is not valid: {string.Join(" ", errors)}")
{
    public IReadOnlyList<string> Errors { get; } = errors;
}

/// <summary>Thrown by a task whose next try would fail as well: the task fails without retries.</summary>
public sealed class TaskFailedException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>Thrown by a task that has nothing to do: it, and what waits for it, are skipped.</summary>
public sealed class TaskSkippedException(string message) : Exception(message);

/// <summary>Thrown by a task that knows when it is worth trying again; the retry waits at least that long.</summary>
public sealed class TaskRetryException(string message, TimeSpan retryAfter, Exception? innerException = null) : Exception(message, innerException)
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>A task's result does not fit into the metadata database; large results belong into the run's files.</summary>
public sealed class XComTooLargeException(string key, int bytes, int limit)
    : Exception($"The result '{key}' is {bytes} bytes of JSON; at most {limit} are kept in the metadata database. Write it to the run's files and push its name.");

/// <summary>Another instance owns the run by now, so that this one may not write to it any more.</summary>
public sealed class DagRunLostException(string dagId, string runId)
    : Exception($"The run {dagId}/{runId} is not this instance's any more: it was given to another one.");
