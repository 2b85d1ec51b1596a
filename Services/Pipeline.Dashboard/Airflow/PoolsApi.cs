using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Pools: limits of how many task instances run at once, over all DAGs and instances.</summary>
internal static class PoolsApi
{
    private const string One = "/pools/{pool_name}";

    private static readonly QueryParameters Listing = QueryParameters.Paged
        .With("pool_name_pattern", ParameterKind.Text, "Part of the name.")
        .WithOrderBy("name", "pool", "id");

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/pools", ListAsync).WithName("get_pools").WithTags("Pool").WithQuery(Listing).WithSummary("Pools and who takes their slots");
        api.MapGet(One, GetAsync).WithName("get_pool").WithTags("Pool").WithSummary("One pool");
        api.MapPost("/pools", CreateAsync).WithName("post_pool").WithTags("Pool").WithBody<PoolBody>().RequireRole(ApiRoles.Admin).WithSummary("Makes a pool")
            .Produces<PoolResponse>(StatusCodes.Status201Created);
        api.MapPatch(One, PatchAsync).WithName("patch_pool").WithTags("Pool").WithBody<PoolPatchBody>().RequireRole(ApiRoles.Admin).WithSummary("Changes the slots or the description of a pool");
        api.MapDelete(One, DeleteAsync).WithName("delete_pool").WithTags("Pool").RequireRole(ApiRoles.Admin).WithSummary("Deletes a pool");
        api.MapPatch("/pools", BulkAsync).WithName("bulk_pools").WithTags("Pool").WithBody<BulkBody>().RequireRole(ApiRoles.Admin).WithSummary("Makes, changes and deletes several pools");
    }

    private static async Task<PoolCollectionResponse> ListAsync(HttpContext context, DagRuns runs, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Listing);
        var (limit, offset, order, pattern) = (reader.Limit, reader.Offset, reader.OrderBy, reader.Text("pool_name_pattern")?.Trim('%'));
        reader.Check();
        var pools = (await runs.ListPoolsAsync(cancellationToken))
            .Where(pool => pattern is null || pool.Name.Contains(pattern, StringComparison.OrdinalIgnoreCase))
            .OrderBy(pool => pool.Name, StringComparer.Ordinal).ToArray();
        var ordered = order.StartsWith('-') ? pools.Reverse() : pools;
        return new PoolCollectionResponse([.. ordered.Skip(offset).Take(limit).Select(Response)], pools.Length);
    }

    private static async Task<PoolResponse> GetAsync([FromRoute(Name = "pool_name")] string name, DagRuns runs, CancellationToken cancellationToken)
        => Response(await FindAsync(runs, name, cancellationToken));

    private static async Task<Created<PoolResponse>> CreateAsync(HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<PoolBody>();
        return TypedResults.Created((string?)null, await SaveNewAsync(body, context, runs, operations, cancellationToken));
    }

    private static async Task<PoolResponse> PatchAsync(
        [FromRoute(Name = "pool_name")] string name, HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<PoolPatchBody>();
        return await ChangeAsync(name, body, context, runs, operations, cancellationToken);
    }

    private static async Task<NoContent> DeleteAsync([FromRoute(Name = "pool_name")] string name, HttpContext context, DagOperations operations, CancellationToken cancellationToken)
    {
        await operations.DeletePoolAsync(name, context.Actor(), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<BulkResponse> BulkAsync(HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        var body = await context.ReadBodyAsync<BulkBody>();
        return await Bulk.ApplyAsync(body, (action, entity) => ApplyAsync(action, entity, context, runs, operations, cancellationToken));
    }

    /// <summary>One entity of a bulk action; returns the pool's name.</summary>
    private static async Task<string> ApplyAsync(
        BulkAction action, JsonElement entity, HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        if (action.Action == "delete")
        {
            var name = entity.ValueKind == JsonValueKind.String ? entity.GetString()! : BodyReader.Read<PoolBody>(entity).Name;
            if (action.ActionOnNonExistence != "skip" || (await runs.ListPoolsAsync(cancellationToken)).Any(pool => pool.Name == name))
            {
                await operations.DeletePoolAsync(name, context.Actor(), cancellationToken);
            }

            return name;
        }

        var pool = BodyReader.Read<PoolBody>(entity);
        var exists = (await runs.ListPoolsAsync(cancellationToken)).Any(other => other.Name == pool.Name);
        switch (action.Action, exists)
        {
            case ("create", true) when action.ActionOnExistence == "skip":
            case ("update", false) when action.ActionOnNonExistence == "skip":
                break;
            case ("create", false):
                await SaveNewAsync(pool, context, runs, operations, cancellationToken);
                break;
            case ("create", true) when action.ActionOnExistence != "overwrite":
                throw AirflowProblemException.Conflict($"There is a pool '{pool.Name}' already.");
            default:
                await ChangeAsync(
                    pool.Name, new PoolPatchBody { Slots = pool.Slots, Description = pool.Description, IncludeDeferred = pool.IncludeDeferred, TeamName = pool.TeamName }, context, runs, operations, cancellationToken);
                break;
        }

        return pool.Name;
    }

    private static async Task<PoolResponse> SaveNewAsync(PoolBody body, HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        Check(body.IncludeDeferred, body.TeamName);
        if ((await runs.ListPoolsAsync(cancellationToken)).Any(pool => pool.Name == body.Name))
        {
            throw AirflowProblemException.Conflict($"There is a pool '{body.Name}' already.");
        }

        await operations.SavePoolAsync(body.Name, body.Slots, body.Description, context.Actor(), cancellationToken);
        return Response(await FindAsync(runs, body.Name, cancellationToken));
    }

    private static async Task<PoolResponse> ChangeAsync(
        string name, PoolPatchBody body, HttpContext context, DagRuns runs, DagOperations operations, CancellationToken cancellationToken)
    {
        Check(body.IncludeDeferred, body.TeamName);
        if (body.Pool is { } renamed && renamed != name)
        {
            throw AirflowProblemException.NotSupported("A pool cannot be renamed, because tasks name it in code; make another one.");
        }

        var pool = await FindAsync(runs, name, cancellationToken);
        var mask = UpdateMask.Of(context.Request, body.Slots is not null ? "slots" : null, body.Description is not null ? "description" : null);
        await operations.SavePoolAsync(
            name,
            mask.Contains("slots") && body.Slots is { } slots ? slots : pool.Slots,
            mask.Contains("description") ? body.Description : pool.Description,
            context.Actor(),
            cancellationToken);
        return Response(await FindAsync(runs, name, cancellationToken));
    }

    private static void Check(bool? includeDeferred, string? team)
    {
        if (includeDeferred == true)
        {
            throw AirflowProblemException.NotSupported("include_deferred is not supported: tasks are never deferred, they await in place.");
        }

        if (team is not null)
        {
            throw AirflowProblemException.NotSupported("team_name is not supported: there are no teams.");
        }
    }

    private static async Task<PoolUsage> FindAsync(DagRuns runs, string name, CancellationToken cancellationToken)
        => (await runs.ListPoolsAsync(cancellationToken)).FirstOrDefault(pool => pool.Name == name) ?? throw AirflowProblemException.NotFound($"There is no pool '{name}'.");

    private static PoolResponse Response(PoolUsage pool) => new()
    {
        Name = pool.Name,
        Slots = pool.Slots,
        Description = pool.Description,
        OccupiedSlots = pool.OccupiedSlots,
        RunningSlots = pool.RunningSlots,
        QueuedSlots = pool.QueuedSlots,
        ScheduledSlots = pool.ScheduledSlots,
        OpenSlots = pool.OpenSlots,
    };
}
