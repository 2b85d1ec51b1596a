using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Pipeline.Dashboard.Airflow.Models;

// The fields of Airflow's REST API v2, all of them and no other: its clients refuse an answer with one too few. What this pipeline
// has no counterpart for is null, empty or Airflow's default.

internal record DagResponse
{
    public required string DagId { get; init; }

    public required string DagDisplayName { get; init; }

    public required bool IsPaused { get; init; }

    public required bool IsStale { get; init; }

    public required DateTime? LastParsedTime { get; init; }

    public double? LastParseDuration { get; init; }

    public DateTime? LastExpired { get; init; }

    public string? BundleName { get; init; }

    public string? BundleVersion { get; init; }

    public string? RelativeFileloc { get; init; }

    /// <summary>DAGs are compiled: there is no file to name.</summary>
    public string Fileloc { get; init; } = "";

    public string FileToken { get; init; } = "";

    public required string? Description { get; init; }

    public required string? TimetableSummary { get; init; }

    public required string? TimetableDescription { get; init; }

    public bool TimetablePartitioned { get; init; }

    public required IReadOnlyList<DagTagResponse> Tags { get; init; }

    public required int MaxActiveTasks { get; init; }

    public required int? MaxActiveRuns { get; init; }

    public int MaxConsecutiveFailedDagRuns { get; init; }

    public bool HasTaskConcurrencyLimits { get; init; }

    public required bool HasImportErrors { get; init; }

    public required DateTime? NextDagrunLogicalDate { get; init; }

    public required DateTime? NextDagrunDataIntervalStart { get; init; }

    public required DateTime? NextDagrunDataIntervalEnd { get; init; }

    public required DateTime? NextDagrunRunAfter { get; init; }

    public IReadOnlyList<string>? AllowedRunTypes { get; init; }

    public required IReadOnlyList<string> Owners { get; init; }
}

internal sealed record DagDetailsResponse : DagResponse
{
    [SetsRequiredMembers]
    public DagDetailsResponse(DagResponse dag)
        : base(dag)
    {
    }

    public int ActiveRunsCount { get; init; }

    public JsonNode? AssetExpression { get; init; }

    public bool Catchup { get; init; }

    /// <summary>Airflow's older name of <see cref="DagResponse.MaxActiveTasks"/>.</summary>
    public int Concurrency { get; init; }

    /// <summary>ISO 8601, like <c>PT5M</c>.</summary>
    public string? DagRunTimeout { get; init; }

    public JsonNode? DefaultArgs { get; init; }

    public string? DocMd { get; init; }

    public DateTime? EndDate { get; init; }

    public bool IsFavorite { get; init; }

    public bool? IsPausedUponCreation { get; init; }

    public DateTime? LastParsed { get; init; }

    public DagVersionResponse? LatestDagVersion { get; init; }

    public IReadOnlyDictionary<string, string>? OwnerLinks { get; init; }

    public JsonObject? Params { get; init; }

    public bool RenderTemplateAsNativeObj { get; init; }

    public DateTime? StartDate { get; init; }

    public IReadOnlyList<string>? TemplateSearchPath { get; init; }

    public string Timezone { get; init; } = "UTC";
}

internal sealed record DagTagResponse(string Name, string DagId, string DagDisplayName);

internal sealed record DagCollectionResponse(IReadOnlyList<DagResponse> Dags, long TotalEntries);

internal sealed record DagTagCollectionResponse(IReadOnlyList<string> Tags, long TotalEntries);

internal sealed record DagPatchBody
{
    public required bool IsPaused { get; init; }
}

internal sealed record DagVersionResponse
{
    public required Guid Id { get; init; }

    public required int VersionNumber { get; init; }

    public required string DagId { get; init; }

    public string? BundleName { get; init; }

    public string? BundleVersion { get; init; }

    public string? BundleUrl { get; init; }

    public required DateTime CreatedAt { get; init; }

    public required string DagDisplayName { get; init; }
}

internal sealed record DagVersionCollectionResponse(IReadOnlyList<DagVersionResponse> DagVersions, long TotalEntries);

internal sealed record DagSourceResponse(string? Content, string DagId, int? VersionNumber, string DagDisplayName);

internal sealed record DagStatsCollectionResponse(IReadOnlyList<DagStatsResponse> Dags, long TotalEntries);

internal sealed record DagStatsResponse(string DagId, string DagDisplayName, IReadOnlyList<DagStatsStateResponse> Stats);

internal sealed record DagStatsStateResponse(string State, long Count);

internal sealed record DagWarningCollectionResponse(IReadOnlyList<DagWarningResponse> DagWarnings, long TotalEntries);

internal sealed record DagWarningResponse(string DagId, string WarningType, string Message, DateTime Timestamp, string DagDisplayName);

internal sealed record ImportErrorCollectionResponse(IReadOnlyList<ImportErrorResponse> ImportErrors, long TotalEntries);

internal sealed record ImportErrorResponse(long ImportErrorId, DateTime Timestamp, string Filename, string? BundleName, string StackTrace);

internal sealed record TaskCollectionResponse(IReadOnlyList<TaskResponse> Tasks, long TotalEntries);

internal sealed record TaskResponse
{
    public required string TaskId { get; init; }

    public required string TaskDisplayName { get; init; }

    public required string? Owner { get; init; }

    public DateTime? StartDate { get; init; }

    public DateTime? EndDate { get; init; }

    public required string TriggerRule { get; init; }

    public bool DependsOnPast { get; init; }

    public bool WaitForDownstream { get; init; }

    public required double Retries { get; init; }

    public required string Queue { get; init; }

    public required string Pool { get; init; }

    public required double PoolSlots { get; init; }

    public required TimeDelta? ExecutionTimeout { get; init; }

    public required TimeDelta RetryDelay { get; init; }

    /// <summary>The factor from one retry to the next.</summary>
    public required double RetryExponentialBackoff { get; init; }

    public required double PriorityWeight { get; init; }

    public required string WeightRule { get; init; }

    public string UiColor { get; init; } = "#fff";

    public string UiFgcolor { get; init; } = "#000";

    public IReadOnlyList<string> TemplateFields { get; init; } = [];

    public required IReadOnlyList<string> DownstreamTaskIds { get; init; }

    public string? DocMd { get; init; }

    public required string OperatorName { get; init; }

    public JsonObject Params { get; init; } = [];

    public JsonObject? ClassRef { get; init; }

    public bool IsMapped { get; init; }

    public IReadOnlyList<string> ExtraLinks { get; init; } = [];
}

/// <summary>A duration as Airflow writes it.</summary>
internal sealed record TimeDelta(int Days, int Seconds, int Microseconds)
{
    [JsonPropertyName("__type")]
    public string Type { get; } = "TimeDelta";

    public static TimeDelta From(TimeSpan span)
    {
        var rest = span - TimeSpan.FromDays(span.Days);
        return new TimeDelta(span.Days, (int)(rest.Ticks / TimeSpan.TicksPerSecond), (int)(rest.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond));
    }
}
