using Microsoft.Extensions.Logging;

namespace Pipeline.Scheduling.Diagnostics;

/// <summary>Log messages of the scheduler: 3000 instance, 3020 runs, 3040 tries.</summary>
internal static partial class Log
{
    [LoggerMessage(3000, LogLevel.Information, "Scheduler {Instance} started with {Dags} DAG(s)")]
    public static partial void SchedulerStarted(this ILogger logger, string instance, int dags);

    [LoggerMessage(3001, LogLevel.Warning, "{Fault} Trying again in {Seconds:0.#} s")]
    public static partial void MetadataUnavailable(this ILogger logger, string fault, double seconds);

    [LoggerMessage(3002, LogLevel.Debug, "Quartz refused to look at {DagId} now: {Reason}")]
    public static partial void PokeRefused(this ILogger logger, string dagId, string reason);

    [LoggerMessage(3003, LogLevel.Information, "Removed {Removed} old run(s) or files of runs")]
    public static partial void Pruned(this ILogger logger, int removed);

    [LoggerMessage(3004, LogLevel.Warning, "Old runs could not be removed: {Fault}")]
    public static partial void PruneFailed(this ILogger logger, string fault);

    [LoggerMessage(3005, LogLevel.Error, "The DAG registered by {Source} is left out: {Fault}")]
    public static partial void DagBroken(this ILogger logger, string source, string fault);

    [LoggerMessage(3006, LogLevel.Error, "This scheduler was declared dead by another one while it was stopped or cut off; its runs were given away. It goes on as {Instance}")]
    public static partial void DeclaredDead(this ILogger logger, string instance);

    [LoggerMessage(3007, LogLevel.Warning, "Scheduler {Instance} on {Hostname} (process {Pid}) is dead; its runs are taken over")]
    public static partial void PeerDead(this ILogger logger, string instance, string hostname, int pid);

    [LoggerMessage(3008, LogLevel.Error, "No beat reached the metadata database for {Seconds:0} s: others may take this scheduler's runs, so its tries are interrupted")]
    public static partial void LeaseExpired(this ILogger logger, double seconds);

    [LoggerMessage(3009, LogLevel.Debug, "The connection that listens to the metadata database broke: {Fault}")]
    public static partial void ListenerBroken(this ILogger logger, string fault);

    [LoggerMessage(3020, LogLevel.Debug, "Run {DagId}/{RunId} is queued")]
    public static partial void RunScheduled(this ILogger logger, string dagId, string runId);

    [LoggerMessage(3021, LogLevel.Information, "Run {DagId}/{RunId}: success in {Seconds:0.###} s")]
    public static partial void RunSucceeded(this ILogger logger, string dagId, string runId, double seconds);

    [LoggerMessage(3022, LogLevel.Error, "Run {DagId}/{RunId}: failed. {Causes}")]
    public static partial void RunFailed(this ILogger logger, string dagId, string runId, string causes);

    [LoggerMessage(3023, LogLevel.Warning, "Run {DagId}/{RunId} was left behind by scheduler {Owner}; resuming it")]
    public static partial void RunAdopted(this ILogger logger, string dagId, string runId, string? owner);

    [LoggerMessage(3024, LogLevel.Information, "Run {DagId}/{RunId} is interrupted; the next start resumes it")]
    public static partial void RunInterrupted(this ILogger logger, string dagId, string runId);

    [LoggerMessage(3025, LogLevel.Warning, "{Reason}")]
    public static partial void RunLost(this ILogger logger, string reason);

    [LoggerMessage(3026, LogLevel.Warning, "Run {DagId}/{RunId} stalls: {Fault}")]
    public static partial void RunStalled(this ILogger logger, string dagId, string runId, string fault);

    [LoggerMessage(3027, LogLevel.Error, "Run {DagId}/{RunId} broke the scheduler")]
    public static partial void RunBroken(this ILogger logger, Exception exception, string dagId, string runId);

    [LoggerMessage(3028, LogLevel.Warning, "Task {DagId}/{RunId}/{TaskId}: try {TryNumber} was left running by a scheduler that is gone; now {State}")]
    public static partial void OrphanedTry(this ILogger logger, string dagId, string runId, string taskId, int tryNumber, string state);

    [LoggerMessage(3029, LogLevel.Warning, "Task {DagId}/{RunId}/{TaskId}: try {TryNumber}, abandoned earlier, has ended: {How}")]
    public static partial void AbandonedTryEnded(this ILogger logger, string dagId, string runId, string taskId, int tryNumber, string how);

    [LoggerMessage(3030, LogLevel.Warning, "Task {DagId}/{RunId}/{TaskId}: {Lines} line(s) of its log could not be stored")]
    public static partial void TaskLogNotStored(this ILogger logger, Exception exception, string dagId, string runId, string taskId, int lines);

    [LoggerMessage(3031, LogLevel.Warning, "Run {DagId}/{RunId} has missed its deadline {Deadline}")]
    public static partial void DeadlineMissed(this ILogger logger, string dagId, string runId, string deadline);

    [LoggerMessage(3032, LogLevel.Error, "Run {DagId}/{RunId} has taken longer than its timeout of {Seconds:0.#} s")]
    public static partial void RunTimedOut(this ILogger logger, string dagId, string runId, double seconds);

    [LoggerMessage(3033, LogLevel.Error, "A callback of {DagId}/{RunId}/{TaskId} failed")]
    public static partial void CallbackFailed(this ILogger logger, Exception exception, string dagId, string runId, string? taskId);

    [LoggerMessage(3040, LogLevel.Information, "Try {TryNumber} of {MaxTries} for the data interval {DataInterval}")]
    public static partial void TryStarted(this ILogger logger, int tryNumber, int maxTries, DataInterval dataInterval);

    [LoggerMessage(3041, LogLevel.Information, "Marking task as success")]
    public static partial void TrySucceeded(this ILogger logger);

    [LoggerMessage(3042, LogLevel.Information, "Marking task as skipped. {Reason}")]
    public static partial void TrySkipped(this ILogger logger, string reason);

    [LoggerMessage(3043, LogLevel.Warning, "Marking task as up_for_retry, next try in {Seconds:0.#} s. {Reason}")]
    public static partial void TryFailedRetrying(this ILogger logger, string reason, double seconds);

    [LoggerMessage(3044, LogLevel.Error, "Marking task as failed. {Reason}")]
    public static partial void TryFailed(this ILogger logger, string reason);

    [LoggerMessage(3045, LogLevel.Information, "{Reason} This try does not count")]
    public static partial void TryInterrupted(this ILogger logger, string reason);

    [LoggerMessage(3046, LogLevel.Error, "The task ignored its cancellation for {Seconds:0.#} s and is abandoned; it may still be running")]
    public static partial void TryAbandoned(this ILogger logger, double seconds);
}
