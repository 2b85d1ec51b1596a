namespace Pipeline.Scheduling;

/// <summary>One execution of a task within a run, over all its tries. Immutable; <see cref="Apply"/> gives the next one.</summary>
public sealed record TaskInstance
{
    public required string DagId { get; init; }

    public required string RunId { get; init; }

    public required string TaskId { get; init; }

    public TaskInstanceState State { get; init; }

    /// <summary>The current or last try, counted from 1; 0 before the first.</summary>
    public int TryNumber { get; init; }

    /// <summary>Retries after the first try. An interruption by a stop of the host adds one, so that it costs none.</summary>
    public required int MaxTries { get; init; }

    /// <summary>Since when it could have run.</summary>
    public DateTimeOffset? ScheduledAt { get; init; }

    public DateTimeOffset? QueuedAt { get; init; }

    public DateTimeOffset? StartDate { get; init; }

    public DateTimeOffset? EndDate { get; init; }

    /// <summary>When the next try is due; only while <c>up_for_retry</c>.</summary>
    public DateTimeOffset? NextRetryAt { get; init; }

    /// <summary>Why the last try failed, a sentence.</summary>
    public string? Error { get; init; }

    public string Pool { get; init; } = DagTask.DefaultPool;

    public int PoolSlots { get; init; } = 1;

    public int PriorityWeight { get; init; } = 1;

    /// <summary>Where the current or last try runs.</summary>
    public string? Hostname { get; init; }

    public int? Pid { get; init; }

    public string? Note { get; init; }

    public bool HasTriesLeft => TryNumber <= MaxTries;

    public TimeSpan? Duration => EndDate - StartDate;

    /// <exception cref="InvalidOperationException">The event is refused in this state.</exception>
    public TaskInstance Apply(TaskInstanceEvent happened, DateTimeOffset now)
    {
        var next = TaskInstanceTransitions.Next(State, happened)
            ?? throw new InvalidOperationException($"Task instance {DagId}/{RunId}/{TaskId} is {State.ToWireName()}; {happened} is refused.");
        var starts = happened == TaskInstanceEvent.Start;
        var cleared = happened == TaskInstanceEvent.Clear;
        return this with
        {
            State = next,
            TryNumber = starts ? TryNumber + 1 : TryNumber,
            ScheduledAt = happened == TaskInstanceEvent.Schedule ? now : cleared ? null : ScheduledAt,
            QueuedAt = happened == TaskInstanceEvent.Queue ? now : cleared ? null : QueuedAt,
            StartDate = starts ? now : cleared ? null : StartDate,
            EndDate = next.IsFinished() || next == TaskInstanceState.UpForRetry ? now : null,
            NextRetryAt = null,
            Error = starts || cleared || happened is TaskInstanceEvent.Succeed or TaskInstanceEvent.MarkSuccess ? null : Error,
        };
    }

    /// <summary>To run again: the tries go on counting, and it has as many retries as at first.</summary>
    internal TaskInstance Clear(int retries, DateTimeOffset now) => Apply(TaskInstanceEvent.Clear, now) with { MaxTries = TryNumber + retries };
}
