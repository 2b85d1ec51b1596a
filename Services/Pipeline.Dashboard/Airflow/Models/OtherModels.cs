using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.Dashboard.Airflow.Models;

internal sealed record BackfillBody
{
    public required string DagId { get; init; }

    public required DateTimeOffset FromDate { get; init; }

    public required DateTimeOffset ToDate { get; init; }

    public bool RunBackwards { get; init; }

    public JsonObject DagRunConf { get; init; } = [];

    public string ReprocessBehavior { get; init; } = "none";

    public int MaxActiveRuns { get; init; } = 10;

    public bool RunOnLatestVersion { get; init; } = true;
}

internal sealed record BackfillResponse
{
    public required long Id { get; init; }

    public required string DagId { get; init; }

    public required DateTime FromDate { get; init; }

    public required DateTime ToDate { get; init; }

    public required JsonNode? DagRunConf { get; init; }

    public required bool IsPaused { get; init; }

    public required string ReprocessBehavior { get; init; }

    public required int MaxActiveRuns { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required DateTime? CompletedAt { get; init; }

    public required DateTime UpdatedAt { get; init; }

    public required string DagDisplayName { get; init; }
}

internal sealed record BackfillCollectionResponse(IReadOnlyList<BackfillResponse> Backfills, long TotalEntries);

internal sealed record DryRunBackfillCollectionResponse(IReadOnlyList<DryRunBackfillResponse> Backfills, long TotalEntries);

internal sealed record DryRunBackfillResponse(DateTime? LogicalDate, DateTime? PartitionDate = null, string? PartitionKey = null);

internal sealed record PoolBody
{
    public required string Name { get; init; }

    public required int Slots { get; init; }

    public string? Description { get; init; }

    public bool IncludeDeferred { get; init; }

    public string? TeamName { get; init; }
}

internal sealed record PoolPatchBody
{
    public string? Pool { get; init; }

    public int? Slots { get; init; }

    public string? Description { get; init; }

    public bool? IncludeDeferred { get; init; }

    public string? TeamName { get; init; }
}

internal sealed record PoolResponse
{
    public required string Name { get; init; }

    public required int Slots { get; init; }

    public required string? Description { get; init; }

    public bool IncludeDeferred { get; init; }

    public required long OccupiedSlots { get; init; }

    public required long RunningSlots { get; init; }

    public required long QueuedSlots { get; init; }

    public required long ScheduledSlots { get; init; }

    public required long OpenSlots { get; init; }

    public long DeferredSlots { get; init; }

    public string? TeamName { get; init; }
}

internal sealed record PoolCollectionResponse(IReadOnlyList<PoolResponse> Pools, long TotalEntries);

internal sealed record BulkBody
{
    public required IReadOnlyList<BulkAction> Actions { get; init; }
}

internal sealed record BulkAction
{
    public required string Action { get; init; }

    public required IReadOnlyList<JsonElement> Entities { get; init; }

    public string ActionOnExistence { get; init; } = "fail";

    public string ActionOnNonExistence { get; init; } = "fail";

    public IReadOnlyList<string>? UpdateMask { get; init; }
}

internal sealed record BulkResponse(BulkActionResponse? Create, BulkActionResponse? Update, BulkActionResponse? Delete);

internal sealed record BulkActionResponse(IReadOnlyList<string> Success, IReadOnlyList<BulkError> Errors);

internal sealed record BulkError(string Error, int StatusCode);

internal sealed record EventLogCollectionResponse(IReadOnlyList<EventLogResponse> EventLogs, long TotalEntries);

internal sealed record EventLogResponse
{
    public required long EventLogId { get; init; }

    public required DateTime When { get; init; }

    public required string? DagId { get; init; }

    public required string? TaskId { get; init; }

    public required string? RunId { get; init; }

    public int? MapIndex { get; init; }

    public required int? TryNumber { get; init; }

    public required string Event { get; init; }

    public DateTime? LogicalDate { get; init; }

    public required string? Owner { get; init; }

    public required string? Extra { get; init; }

    public required string? DagDisplayName { get; init; }

    public required string? TaskDisplayName { get; init; }
}

internal sealed record JobCollectionResponse(IReadOnlyList<JobResponse> Jobs, long TotalEntries);

internal sealed record JobResponse
{
    public required int Id { get; init; }

    public string? DagId { get; init; }

    public required string? State { get; init; }

    public required string? JobType { get; init; }

    public required DateTime? StartDate { get; init; }

    public required DateTime? EndDate { get; init; }

    public required DateTime? LatestHeartbeat { get; init; }

    public string? ExecutorClass { get; init; }

    public required string? Hostname { get; init; }

    public string? Unixname { get; init; }

    public string? DagDisplayName { get; init; }
}

internal sealed record HealthResponse(ComponentHealth Metadatabase, SchedulerHealthResponse Scheduler, TriggererHealth Triggerer, DagProcessorHealth? DagProcessor);

internal sealed record ComponentHealth(string? Status);

internal sealed record SchedulerHealthResponse(string? Status, string? LatestSchedulerHeartbeat);

internal sealed record TriggererHealth(string? Status, string? LatestTriggererHeartbeat);

internal sealed record DagProcessorHealth(string? Status, string? LatestDagProcessorHeartbeat);

internal sealed record VersionInfo(string Version, string? GitVersion);

internal sealed record AssetCollectionResponse(IReadOnlyList<AssetResponse> Assets, long TotalEntries);

internal sealed record AssetResponse
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public required string Uri { get; init; }

    public required string Group { get; init; }

    public JsonObject? Extra { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required DateTime UpdatedAt { get; init; }

    public required IReadOnlyList<DagScheduleAssetReference> ScheduledDags { get; init; }

    public required IReadOnlyList<TaskAssetReference> ProducingTasks { get; init; }

    public IReadOnlyList<TaskAssetReference> ConsumingTasks { get; init; } = [];

    public IReadOnlyList<JsonNode> Aliases { get; init; } = [];

    public IReadOnlyList<JsonNode> Watchers { get; init; } = [];

    public required LastAssetEventResponse? LastAssetEvent { get; init; }
}

internal sealed record DagScheduleAssetReference(string DagId, DateTime CreatedAt, DateTime UpdatedAt);

internal sealed record TaskAssetReference(string DagId, string TaskId, DateTime CreatedAt, DateTime UpdatedAt);

internal sealed record LastAssetEventResponse(long? Id, DateTime? Timestamp);

internal sealed record AssetEventCollectionResponse(IReadOnlyList<AssetEventResponse> AssetEvents, long TotalEntries);

internal sealed record AssetEventResponse
{
    public required long Id { get; init; }

    public required long AssetId { get; init; }

    public required string? Uri { get; init; }

    public required string? Name { get; init; }

    public required string? Group { get; init; }

    public required JsonNode? Extra { get; init; }

    public required string? SourceTaskId { get; init; }

    public required string? SourceDagId { get; init; }

    public required string? SourceRunId { get; init; }

    public int SourceMapIndex { get; init; } = -1;

    public required IReadOnlyList<DagRunAssetReference> CreatedDagruns { get; init; }

    public required DateTime Timestamp { get; init; }

    public string? PartitionKey { get; init; }
}

internal sealed record DagRunAssetReference
{
    public required string RunId { get; init; }

    public required string DagId { get; init; }

    public required DateTime? LogicalDate { get; init; }

    public required DateTime StartDate { get; init; }

    public required DateTime? EndDate { get; init; }

    public required string State { get; init; }

    public required DateTime? DataIntervalStart { get; init; }

    public required DateTime? DataIntervalEnd { get; init; }

    public string? PartitionKey { get; init; }
}

internal sealed record CreateAssetEventBody
{
    public required long AssetId { get; init; }

    public JsonObject Extra { get; init; } = [];

    public string? PartitionKey { get; init; }
}
