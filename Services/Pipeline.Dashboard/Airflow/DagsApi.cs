using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Airflow;

/// <summary>DAGs as the metadata database knows them: list, details, pause; their counts and tags.</summary>
internal static class DagsApi
{
    private static readonly QueryParameters Selecting = QueryParameters.Paged
        .With("dag_id_pattern", ParameterKind.Text, "Part of the id; % stands for anything.")
        .With("tags", ParameterKind.Texts, "DAGs with any of these tags.")
        .With("owners", ParameterKind.Texts, "DAGs with any of these owners.")
        .With("paused", ParameterKind.Boolean, "Only paused ones, or only others.")
        .With("exclude_stale", ParameterKind.Boolean, "Leave out DAGs that no running process has in its code. Default: true.");

    private static readonly QueryParameters Listing = Selecting
        .With("last_dag_run_state", ParameterKind.Text, "Only DAGs whose latest run is in this state.")
        .WithOrderBy("dag_id", "dag_display_name")
        .Without(
            "tags_match_mode", "dag_display_name_pattern", "has_import_errors", "bundle_name", "bundle_version", "has_asset_schedule", "asset_dependency", "dag_run_state", "is_favorite", "timetable_type")
        .WithoutRange("dag_run_start_date", "dag_run_end_date");

    private static readonly QueryParameters Tags = QueryParameters.Paged
        .With("tag_name_pattern", ParameterKind.Text, "Part of the tag.")
        .WithOrderBy("name");

    private static readonly QueryParameters Stats = new QueryParameters().With("dag_ids", ParameterKind.Texts, "Only these DAGs.");

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/dags", ListAsync).WithName("get_dags").WithTags("DAG").WithQuery(Listing).WithSummary("DAGs");
        api.MapPatch("/dags", PatchAllAsync).WithName("patch_dags").WithTags("DAG").WithQuery(Selecting).WithBody<DagPatchBody>().RequireRole(ApiRoles.Operator)
            .WithSummary("Pauses or unpauses the DAGs that match");
        api.MapGet(AirflowRoutes.Dag, GetAsync).WithName("get_dag").WithTags("DAG").WithSummary("One DAG");
        api.MapGet($"{AirflowRoutes.Dag}/details", DetailsAsync).WithName("get_dag_details").WithTags("DAG").WithSummary("One DAG with everything known about it");
        api.MapPatch(AirflowRoutes.Dag, PatchAsync).WithName("patch_dag").WithTags("DAG").WithBody<DagPatchBody>().RequireRole(ApiRoles.Operator)
            .WithSummary("Pauses or unpauses a DAG");
        api.MapGet("/dagStats", StatsAsync).WithName("get_dag_stats").WithTags("DagStats").WithQuery(Stats).WithSummary("How many runs of each DAG are in which state");
        api.MapGet("/dagTags", ListTagsAsync).WithName("get_dag_tags").WithTags("DAG").WithQuery(Tags).WithSummary("Tags of all DAGs");
    }

    /// <exception cref="AirflowProblemException">There is no such DAG.</exception>
    public static async Task<DagSummary> FindAsync(DagRuns runs, string dagId, CancellationToken cancellationToken)
        => await runs.FindDagAsync(dagId, cancellationToken) ?? throw AirflowProblemException.NotFound($"There is no DAG '{dagId}'.");

    private static async Task<DagCollectionResponse> ListAsync(HttpContext context, DagRuns runs, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Listing);
        var query = Read(reader) with
        {
            LastRunState = reader.Known<DagRunState>("last_dag_run_state", Names.RunState, "a state of a run")?.Single(),
            OrderBy = reader.OrderByAll,
        };
        reader.Check();
        var page = await runs.ListDagsAsync(query, cancellationToken);
        return new DagCollectionResponse([.. page.Items.Select(AirflowMapper.Dag)], page.Total);
    }

    private static async Task<DagCollectionResponse> PatchAllAsync(
        HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Selecting);
        var query = Read(reader);
        reader.Check();
        if (query.DagIdPattern is null && query.Tags.Count == 0 && query.Owners.Count == 0)
        {
            throw AirflowProblemException.BadRequest($"Say which DAGs: dag_id_pattern (for all: {AirflowRoutes.Any}), tags or owners.");
        }

        var body = await context.ReadBodyAsync<DagPatchBody>();
        var page = await runs.ListDagsAsync(query with { DagIdPattern = query.DagIdPattern == AirflowRoutes.Any ? null : query.DagIdPattern }, cancellationToken);
        foreach (var dag in page.Items.Where(dag => dag.IsPaused != body.IsPaused))
        {
            await operations.PauseAsync(dag.DagId, body.IsPaused, context.Actor(), cancellationToken);
        }

        return new DagCollectionResponse([.. page.Items.Select(dag => AirflowMapper.Dag(dag with { IsPaused = body.IsPaused }))], page.Total);
    }

    private static async Task<DagResponse> GetAsync([FromRoute(Name = "dag_id")] string dagId, DagRuns runs, CancellationToken cancellationToken)
        => AirflowMapper.Dag(await FindAsync(runs, dagId, cancellationToken));

    private static async Task<DagDetailsResponse> DetailsAsync([FromRoute(Name = "dag_id")] string dagId, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
        => await mapper.DetailsAsync(await FindAsync(runs, dagId, cancellationToken), cancellationToken);

    private static async Task<DagResponse> PatchAsync(
        [FromRoute(Name = "dag_id")] string dagId, HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<DagPatchBody>();
        await operations.PauseAsync(dagId, body.IsPaused, context.Actor(), cancellationToken);
        return AirflowMapper.Dag(await FindAsync(runs, dagId, cancellationToken));
    }

    private static async Task<DagStatsCollectionResponse> StatsAsync(HttpContext context, DagRuns runs, CancellationToken cancellationToken)
    {
        var dagIds = new QueryReader(context.Request, Stats).Texts("dag_ids") ?? [];
        var dags = (await runs.ListDagsAsync(new DagQuery { Limit = QueryReader.MaxLimit }, cancellationToken)).Items.Where(dag => dagIds.Count == 0 || dagIds.Contains(dag.DagId));
        var stats = new List<DagStatsResponse>();
        foreach (var dag in dags)
        {
            var counts = await runs.CountRunsAsync(dag.DagId, cancellationToken);
            stats.Add(new DagStatsResponse(
                dag.DagId,
                dag.DisplayName,
                [.. Enum.GetValues<DagRunState>().Select(state => new DagStatsStateResponse(state.ToWireName(), counts.GetValueOrDefault(state)))]));
        }

        return new DagStatsCollectionResponse(stats, stats.Count);
    }

    private static async Task<DagTagCollectionResponse> ListTagsAsync(HttpContext context, DagRuns runs, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Tags);
        var (limit, offset, order, pattern) = (reader.Limit, reader.Offset, reader.OrderBy, reader.Text("tag_name_pattern")?.Trim('%'));
        reader.Check();
        var dags = await runs.ListDagsAsync(new DagQuery { Limit = QueryReader.MaxLimit }, cancellationToken);
        var tags = dags.Items.SelectMany(dag => dag.Tags).Distinct(StringComparer.Ordinal)
            .Where(tag => pattern is null || tag.Contains(pattern, StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).ToArray();
        var ordered = order.StartsWith('-') ? tags.Reverse() : tags;
        return new DagTagCollectionResponse([.. ordered.Skip(offset).Take(limit)], tags.Length);
    }

    private static DagQuery Read(QueryReader reader) => new()
    {
        DagIdPattern = reader.Text("dag_id_pattern"),
        Tags = reader.Texts("tags") ?? [],
        Owners = reader.Texts("owners") ?? [],
        IsPaused = reader.Boolean("paused"),
        IncludeStale = reader.Boolean("exclude_stale") == false,
        Limit = reader.Limit,
        Offset = reader.Offset,
    };
}
