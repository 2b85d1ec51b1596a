using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Assets, their updates, and telling of one from outside.</summary>
internal static class AssetsApi
{
    private const string One = "/assets/{asset_id:long}";

    private static readonly QueryParameters Listing = QueryParameters.Paged
        .With("name_pattern", ParameterKind.Text, "Part of the name.")
        .With("uri_pattern", ParameterKind.Text, "Part of the URI.")
        .With("dag_ids", ParameterKind.Texts, "Assets that any of these DAGs writes or waits for.")
        .WithOrderBy("id", "name", "uri", "created_at")
        .Without("only_active");

    private static readonly QueryParameters Events = QueryParameters.Paged
        .With("asset_id", ParameterKind.Integer, "Only of this asset.")
        .With("source_dag_id", ParameterKind.Text, "Only by this DAG.")
        .With("source_task_id", ParameterKind.Text, "Only by this task.")
        .With("source_run_id", ParameterKind.Text, "Only by this run.")
        .WithOrderBy("-timestamp")
        .Without("source_map_index", "name_pattern")
        .WithoutRange("timestamp");

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/assets", ListAsync).WithName("get_assets").WithTags("Asset").WithQuery(Listing).WithSummary("Assets");
        api.MapGet(One, GetAsync).WithName("get_asset").WithTags("Asset").WithSummary("One asset");
        api.MapGet("/assets/events", ListEventsAsync).WithName("get_asset_events").WithTags("Asset").WithQuery(Events).WithSummary("Updates of assets, latest first");
        api.MapPost("/assets/events", CreateEventAsync).WithName("create_asset_event").WithTags("Asset").WithBody<CreateAssetEventBody>().RequireRole(ApiRoles.Operator)
            .WithSummary("Tells that an asset was updated; DAGs that wait for it are run");
        api.MapPost($"{One}/materialize", MaterializeAsync).WithName("materialize_asset").WithTags("Asset").WithBody<TriggerDagRunBody>().RequireRole(ApiRoles.Operator)
            .WithSummary("Triggers the one DAG that writes the asset");
    }

    private static async Task<AssetCollectionResponse> ListAsync(HttpContext context, DagRuns runs, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Listing);
        var (limit, offset, order, name, uri, dagIds) = (
            reader.Limit, reader.Offset, reader.OrderBy, reader.Text("name_pattern")?.Trim('%'), reader.Text("uri_pattern")?.Trim('%'), reader.Texts("dag_ids") ?? []);
        reader.Check();
        var assets = (await runs.ListAssetsAsync(cancellationToken)).Where(asset =>
            (name is null || asset.Name.Contains(name, StringComparison.OrdinalIgnoreCase))
            && (uri is null || asset.Uri.Contains(uri, StringComparison.OrdinalIgnoreCase))
            && (dagIds.Count == 0 || asset.ScheduledDags.Intersect(dagIds).Any() || asset.Producers.Any(producer => dagIds.Contains(producer.DagId))));
        AssetSummary[] ordered = [.. order.TrimStart('-') switch
        {
            "name" => assets.OrderBy(asset => asset.Name, StringComparer.Ordinal),
            "uri" => assets.OrderBy(asset => asset.Uri, StringComparer.Ordinal),
            "created_at" => assets.OrderBy(asset => asset.CreatedAt),
            _ => assets.OrderBy(asset => asset.Id),
        }];
        if (order.StartsWith('-'))
        {
            Array.Reverse(ordered);
        }

        var page = new List<AssetResponse>();
        foreach (var asset in ordered.Skip(offset).Take(limit))
        {
            page.Add(await ResponseAsync(asset, runs, cancellationToken));
        }

        return new AssetCollectionResponse(page, ordered.Length);
    }

    private static async Task<AssetResponse> GetAsync([FromRoute(Name = "asset_id")] long id, DagRuns runs, CancellationToken cancellationToken)
        => await ResponseAsync(await FindAsync(runs, id, cancellationToken), runs, cancellationToken);

    private static async Task<AssetEventCollectionResponse> ListEventsAsync(HttpContext context, DagRuns runs, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Events);
        var query = new AssetEventQuery
        {
            AssetId = reader.Integer("asset_id"),
            SourceDagId = reader.Text("source_dag_id"),
            SourceTaskId = reader.Text("source_task_id"),
            SourceRunId = reader.Text("source_run_id"),
            Limit = reader.Limit,
            Offset = reader.Offset,
        };
        if (reader.OrderBy != "-timestamp")
        {
            throw AirflowProblemException.NotSupported("Updates of assets are listed latest first (order_by=-timestamp).");
        }

        reader.Check();
        var page = await runs.ListAssetEventsAsync(query, cancellationToken);
        var assets = (await runs.ListAssetsAsync(cancellationToken)).ToDictionary(asset => asset.Id);
        return new AssetEventCollectionResponse([.. page.Items.Select(happened => Event(happened, assets.GetValueOrDefault(happened.AssetId)))], page.Total);
    }

    private static async Task<AssetEventResponse> CreateEventAsync(HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<CreateAssetEventBody>();
        if (body.PartitionKey is not null)
        {
            throw AirflowProblemException.NotSupported("partition_key is not supported: runs are told apart by their data intervals.");
        }

        var happened = await operations.CreateAssetEventAsync(body.AssetId, body.Extra.ToJsonString(), context.Actor(), cancellationToken);
        return Event(happened, await FindAsync(runs, body.AssetId, cancellationToken));
    }

    private static async Task<DagRunResponse> MaterializeAsync(
        [FromRoute(Name = "asset_id")] long id, HttpContext context, DagRuns runs, DagOperations operations, AirflowMapper mapper, TimeProvider clock, CancellationToken cancellationToken)
    {
        // Airflow lets the body be left out.
        var body = context.Request.ContentLength is null or 0 && !context.Request.HasJsonContentType() ? new TriggerDagRunBody() : await context.ReadBodyAsync<TriggerDagRunBody>();
        var asset = await FindAsync(runs, id, cancellationToken);
        var producers = asset.Producers.Select(producer => producer.DagId).Distinct(StringComparer.Ordinal).ToArray();
        return producers switch
        {
            [var dagId] => await DagRunsApi.TriggerWithAsync(dagId, body, context, operations, mapper, clock, cancellationToken),
            [] => throw AirflowProblemException.NotFound($"No DAG writes the asset '{asset.Name}'."),
            _ => throw AirflowProblemException.BadRequest($"More than one DAG writes the asset '{asset.Name}': {string.Join(", ", producers)}. Trigger the one that is meant."),
        };
    }

    private static async Task<AssetSummary> FindAsync(DagRuns runs, long id, CancellationToken cancellationToken)
        => (await runs.ListAssetsAsync(cancellationToken)).FirstOrDefault(asset => asset.Id == id) ?? throw AirflowProblemException.NotFound($"There is no asset {id}.");

    private static async Task<AssetResponse> ResponseAsync(AssetSummary asset, DagRuns runs, CancellationToken cancellationToken)
    {
        var last = (await runs.ListAssetEventsAsync(new AssetEventQuery { AssetId = asset.Id, Limit = 1 }, cancellationToken)).Items is [var latest] ? latest : null;
        var created = asset.CreatedAt.UtcDateTime;
        return new AssetResponse
        {
            Id = asset.Id,
            Name = asset.Name,
            Uri = asset.Uri,
            Group = asset.Group,
            CreatedAt = created,
            UpdatedAt = created,
            ScheduledDags = [.. asset.ScheduledDags.Select(dagId => new DagScheduleAssetReference(dagId, created, created))],
            ProducingTasks = [.. asset.Producers.Select(producer => new TaskAssetReference(producer.DagId, producer.TaskId, created, created))],
            LastAssetEvent = last is null ? null : new LastAssetEventResponse(last.Id, last.Timestamp.UtcDateTime),
        };
    }

    private static AssetEventResponse Event(AssetEvent happened, AssetSummary? asset) => new()
    {
        Id = happened.Id,
        AssetId = happened.AssetId,
        Uri = asset?.Uri,
        Name = happened.AssetName,
        Group = asset?.Group,
        Extra = AirflowMapper.Json(happened.Extra) ?? new JsonObject(),
        SourceTaskId = happened.SourceTaskId,
        SourceDagId = happened.SourceDagId,
        SourceRunId = happened.SourceRunId,
        CreatedDagruns = [],
        Timestamp = happened.Timestamp.UtcDateTime,
    };
}
