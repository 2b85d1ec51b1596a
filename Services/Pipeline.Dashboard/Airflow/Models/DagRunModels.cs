using System.Text.Json.Nodes;

namespace Pipeline.Dashboard.Airflow.Models;

internal sealed record DagRunResponse
{
    public required string DagRunId { get; init; }

    public required string DagId { get; init; }

    public required DateTime? LogicalDate { get; init; }

    public required DateTime? QueuedAt { get; init; }

    public required DateTime? StartDate { get; init; }

    public required DateTime? EndDate { get; init; }

    /// <summary>Seconds.</summary>
    public required double? Duration { get; init; }

    public required DateTime? DataIntervalStart { get; init; }

    public required DateTime? DataIntervalEnd { get; init; }

    public required DateTime RunAfter { get; init; }

    public DateTime? LastSchedulingDecision { get; init; }

    public required string RunType { get; init; }

    public required string State { get; init; }

    public required string? TriggeredBy { get; init; }

    public required string? TriggeringUserName { get; init; }

    public required JsonNode? Conf { get; init; }

    public required string? Note { get; init; }

    public required IReadOnlyList<DagVersionResponse> DagVersions { get; init; }

    public string? BundleVersion { get; init; }

    public required string DagDisplayName { get; init; }

    public string? PartitionKey { get; init; }
}

internal sealed record DagRunCollectionResponse(IReadOnlyList<DagRunResponse> DagRuns, long TotalEntries);

internal sealed record TriggerDagRunBody
{
    public string? DagRunId { get; init; }

    public DateTimeOffset? LogicalDate { get; init; }

    public DateTimeOffset? DataIntervalStart { get; init; }

    public DateTimeOffset? DataIntervalEnd { get; init; }

    public DateTimeOffset? RunAfter { get; init; }

    public JsonObject? Conf { get; init; }

    public string? Note { get; init; }

    public string? PartitionKey { get; init; }
}

internal sealed record DagRunPatchBody
{
    public string? State { get; init; }

    public string? Note { get; init; }
}

internal sealed record DagRunClearBody
{
    public bool DryRun { get; init; } = true;

    public bool OnlyFailed { get; init; }

    public bool RunOnLatestVersion { get; init; }
}

/// <summary>A list query as a body.</summary>
internal record BatchBody
{
    public string? OrderBy { get; init; }

    public int? PageOffset { get; init; }

    public int? PageLimit { get; init; }

    public IReadOnlyList<string>? DagIds { get; init; }

    public DateTimeOffset? RunAfterGte { get; init; }

    public DateTimeOffset? RunAfterGt { get; init; }

    public DateTimeOffset? RunAfterLte { get; init; }

    public DateTimeOffset? RunAfterLt { get; init; }

    public DateTimeOffset? LogicalDateGte { get; init; }

    public DateTimeOffset? LogicalDateGt { get; init; }

    public DateTimeOffset? LogicalDateLte { get; init; }

    public DateTimeOffset? LogicalDateLt { get; init; }

    public DateTimeOffset? StartDateGte { get; init; }

    public DateTimeOffset? StartDateGt { get; init; }

    public DateTimeOffset? StartDateLte { get; init; }

    public DateTimeOffset? StartDateLt { get; init; }

    public DateTimeOffset? EndDateGte { get; init; }

    public DateTimeOffset? EndDateGt { get; init; }

    public DateTimeOffset? EndDateLte { get; init; }

    public DateTimeOffset? EndDateLt { get; init; }

    public double? DurationGte { get; init; }

    public double? DurationGt { get; init; }

    public double? DurationLte { get; init; }

    public double? DurationLt { get; init; }
}

internal sealed record DagRunsBatchBody : BatchBody
{
    public IReadOnlyList<string?>? States { get; init; }

    public string? ConfContains { get; init; }
}

internal sealed record TaskInstancesBatchBody : BatchBody
{
    public IReadOnlyList<string>? DagRunIds { get; init; }

    public IReadOnlyList<string>? TaskIds { get; init; }

    public IReadOnlyList<string?>? State { get; init; }

    public IReadOnlyList<string>? Pool { get; init; }

    public IReadOnlyList<string>? Queue { get; init; }

    public IReadOnlyList<string>? Executor { get; init; }
}
