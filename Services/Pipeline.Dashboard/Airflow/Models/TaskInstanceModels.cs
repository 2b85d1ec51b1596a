using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Dashboard.Airflow.Models;

/// <summary>What a task instance and one of its earlier tries have in common.</summary>
internal record TaskInstanceHistoryResponse
{
    public required string TaskId { get; init; }

    public required string DagId { get; init; }

    public required string DagRunId { get; init; }

    public int MapIndex { get; init; } = -1;

    public required DateTime? StartDate { get; init; }

    public required DateTime? EndDate { get; init; }

    /// <summary>Seconds.</summary>
    public required double? Duration { get; init; }

    /// <summary>Null before it is scheduled.</summary>
    public required string? State { get; init; }

    public required int TryNumber { get; init; }

    public required int MaxTries { get; init; }

    public required string TaskDisplayName { get; init; }

    public required string DagDisplayName { get; init; }

    public required string? Hostname { get; init; }

    public string? Unixname { get; init; }

    public required string Pool { get; init; }

    public required int PoolSlots { get; init; }

    public string Queue { get; init; } = "default";

    public required int? PriorityWeight { get; init; }

    public string Operator { get; init; } = "DagTask";

    public string OperatorName { get; init; } = "DagTask";

    public required DateTime? QueuedWhen { get; init; }

    public required DateTime? ScheduledWhen { get; init; }

    public required int? Pid { get; init; }

    public string? Executor { get; init; }

    public string ExecutorConfig { get; init; } = "{}";

    public required DagVersionResponse? DagVersion { get; init; }
}

internal sealed record TaskInstanceResponse : TaskInstanceHistoryResponse
{
    [SetsRequiredMembers]
    public TaskInstanceResponse(TaskInstanceHistoryResponse lastTry)
        : base(lastTry)
    {
    }

    public Guid Id { get; init; }

    public DateTime? LogicalDate { get; init; }

    public DateTime RunAfter { get; init; }

    public string? Note { get; init; }

    public string? RenderedMapIndex { get; init; }

    public JsonObject RenderedFields { get; init; } = [];

    public JsonNode? Trigger { get; init; }

    public JsonNode? TriggererJob { get; init; }
}

internal sealed record TaskInstanceCollectionResponse(IReadOnlyList<TaskInstanceResponse> TaskInstances, long TotalEntries);

internal sealed record TaskInstanceHistoryCollectionResponse(IReadOnlyList<TaskInstanceHistoryResponse> TaskInstances, long TotalEntries);

internal sealed record ClearTaskInstancesBody
{
    public bool DryRun { get; init; } = true;

    public DateTimeOffset? StartDate { get; init; }

    public DateTimeOffset? EndDate { get; init; }

    public bool OnlyFailed { get; init; } = true;

    public bool OnlyRunning { get; init; }

    public bool ResetDagRuns { get; init; } = true;

    /// <summary>Ids, or pairs of an id and the map index -1.</summary>
    public IReadOnlyList<JsonElement>? TaskIds { get; init; }

    public string? DagRunId { get; init; }

    public bool IncludeUpstream { get; init; }

    public bool IncludeDownstream { get; init; }

    public bool IncludeFuture { get; init; }

    public bool IncludePast { get; init; }

    public bool RunOnLatestVersion { get; init; }

    public bool PreventRunningTask { get; init; }
}

internal record PatchTaskInstanceBody
{
    public string? NewState { get; init; }

    public string? Note { get; init; }

    public bool IncludeUpstream { get; init; }

    public bool IncludeDownstream { get; init; }

    public bool IncludeFuture { get; init; }

    public bool IncludePast { get; init; }
}

internal sealed record BulkTaskInstanceBody : PatchTaskInstanceBody
{
    public required string TaskId { get; init; }

    /// <summary>The path's, when missing.</summary>
    public string? DagId { get; init; }

    /// <inheritdoc cref="DagId"/>
    public string? DagRunId { get; init; }

    public int MapIndex { get; init; } = -1;
}

internal sealed record TaskInstancesLogResponse(IReadOnlyList<StructuredLogMessage> Content, string? ContinuationToken);

internal sealed record StructuredLogMessage(DateTime? Timestamp, string Event, string Level);

internal record XComResponse
{
    public required string Key { get; init; }

    public required DateTime Timestamp { get; init; }

    public required DateTime? LogicalDate { get; init; }

    public int MapIndex { get; init; } = -1;

    public required string TaskId { get; init; }

    public required string DagId { get; init; }

    public required string RunId { get; init; }

    public required string DagDisplayName { get; init; }

    public required string TaskDisplayName { get; init; }

    public required DateTime RunAfter { get; init; }
}

internal sealed record XComValueResponse : XComResponse
{
    [SetsRequiredMembers]
    public XComValueResponse(XComResponse entry)
        : base(entry)
    {
    }

    public JsonNode? Value { get; init; }
}

internal sealed record XComCollectionResponse(IReadOnlyList<XComResponse> XcomEntries, long TotalEntries);
