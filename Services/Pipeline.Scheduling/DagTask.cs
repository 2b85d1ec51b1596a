namespace Pipeline.Scheduling;

/// <summary>A node of a DAG: a plain async function and how it is run.</summary>
/// <param name="id">Letters, digits, <c>_ - .</c>; unique within the DAG.</param>
/// <param name="run">The work of one try. It must be repeatable: a try may be cut off at any point and run again.</param>
public sealed class DagTask(string id, Func<TaskContext, CancellationToken, Task> run)
{
    /// <summary>The pool of tasks that name none.</summary>
    public const string DefaultPool = "default_pool";

    public string Id { get; } = id;

    public Func<TaskContext, CancellationToken, Task> Run { get; } = run;

    /// <summary>Tries after the first one. Default: 0.</summary>
    public int Retries { get; init; }

    /// <summary>How long to wait before a retry. Default: 1 s, doubling, at most 5 min.</summary>
    public RetryDelay RetryDelay { get; init; } = RetryDelay.Default;

    /// <summary>How long one try may take before its token is cancelled. Default: 5 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    public TriggerRule TriggerRule { get; init; } = TriggerRule.AllSuccess;

    /// <summary>The pool that limits how many task instances run at once, over all instances of the scheduler. Default: <c>default_pool</c>.</summary>
    public string Pool { get; init; } = DefaultPool;

    /// <summary>Slots of the pool that one try takes. Default: 1.</summary>
    public int PoolSlots { get; init; } = 1;

    /// <summary>Of the task instances that wait for a slot the heaviest comes first. Default: 1.</summary>
    public int PriorityWeight { get; init; } = 1;

    /// <summary>How the weights of other tasks add to this one's. Default: downstream, as Airflow.</summary>
    public WeightRule WeightRule { get; init; } = WeightRule.Downstream;

    public string Owner { get; init; } = "pipeline";

    /// <summary>What a successful try has updated; DAGs that wait for it are run.</summary>
    public IReadOnlyList<Asset> Outlets { get; init; } = [];

    /// <summary>Called after a try succeeded, failed for good, will be retried, or was skipped. A callback that throws is logged and changes nothing.</summary>
    public Func<DagCallbackContext, CancellationToken, Task>? OnSuccess { get; init; }

    /// <inheritdoc cref="OnSuccess"/>
    public Func<DagCallbackContext, CancellationToken, Task>? OnFailure { get; init; }

    /// <inheritdoc cref="OnSuccess"/>
    public Func<DagCallbackContext, CancellationToken, Task>? OnRetry { get; init; }

    /// <inheritdoc cref="OnSuccess"/>
    public Func<DagCallbackContext, CancellationToken, Task>? OnSkipped { get; init; }
}

/// <summary>How the priority of a task is computed.</summary>
public enum WeightRule : byte
{
    /// <summary>Its own weight and those of all tasks that wait for it: a run that has begun many branches is begun before others.</summary>
    Downstream,

    /// <summary>Its own weight and those of all tasks it waited for: a run that is nearly done is finished before others.</summary>
    Upstream,

    /// <summary>Its own weight alone.</summary>
    Absolute,
}

/// <summary>What a callback is told.</summary>
/// <param name="Task">The task instance as it is now; <see langword="null"/> when the run itself is meant.</param>
/// <param name="Reason">Why: the error of the try, or the name of the deadline.</param>
public sealed record DagCallbackContext(DagRun Run, TaskInstance? Task, string? Reason, IServiceProvider Services);
