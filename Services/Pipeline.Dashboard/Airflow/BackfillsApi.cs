using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Backfills: dry run, start, pause, cancel. How far one is, its runs tell.</summary>
internal static class BackfillsApi
{
    private const string One = "/backfills/{backfill_id:long}";

    private static readonly QueryParameters Listing = QueryParameters.Paged
        .With("dag_id", ParameterKind.Text, "The DAG; required.")
        .WithOrderBy("-id");

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/backfills", ListAsync).WithName("list_backfills").WithTags("Backfill").WithQuery(Listing).WithSummary("Backfills of a DAG");
        api.MapPost("/backfills", CreateAsync).WithName("create_backfill").WithTags("Backfill").WithBody<BackfillBody>().RequireRole(ApiRoles.Operator)
            .WithSummary("Runs a DAG for the intervals of a time that has passed");
        api.MapPost("/backfills/dry_run", PlanAsync).WithName("create_backfill_dry_run").WithTags("Backfill").WithBody<BackfillBody>().RequireRole(ApiRoles.Operator)
            .WithSummary("The runs that the same request without dry_run would make");
        api.MapGet(One, GetAsync).WithName("get_backfill").WithTags("Backfill").WithSummary("One backfill");
        api.MapPut($"{One}/pause", PauseAsync).WithName("pause_backfill").WithTags("Backfill").RequireRole(ApiRoles.Operator).WithSummary("Lets no further runs of it start");
        api.MapPut($"{One}/unpause", UnpauseAsync).WithName("unpause_backfill").WithTags("Backfill").RequireRole(ApiRoles.Operator).WithSummary("Lets its runs start again");
        api.MapPut($"{One}/cancel", CancelAsync).WithName("cancel_backfill").WithTags("Backfill").RequireRole(ApiRoles.Operator).WithSummary("Ends it; runs under way go on");
    }

    private static async Task<BackfillCollectionResponse> ListAsync(HttpContext context, DagRuns runs, Backfills backfills, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Listing);
        reader.Require("dag_id");
        var (dagId, limit, offset) = (reader.Text("dag_id"), reader.Limit, reader.Offset);
        if (reader.OrderBy != "-id")
        {
            throw AirflowProblemException.NotSupported("Backfills are listed latest first (order_by=-id).");
        }

        reader.Check();
        await DagsApi.FindAsync(runs, dagId!, cancellationToken);
        var page = await backfills.ListAsync(dagId, activeOnly: false, limit, offset, cancellationToken);
        return new BackfillCollectionResponse([.. page.Items.Select(backfill => Response(backfill, mapper))], page.Total);
    }

    private static async Task<BackfillResponse> CreateAsync(HttpContext context, Backfills backfills, AirflowMapper mapper, CancellationToken cancellationToken)
        => Response(await backfills.CreateAsync(await ReadAsync(context), context.Actor(), cancellationToken), mapper);

    private static async Task<DryRunBackfillCollectionResponse> PlanAsync(HttpContext context, Backfills backfills, CancellationToken cancellationToken)
    {
        var plan = await backfills.PlanAsync(await ReadAsync(context), cancellationToken);
        var items = plan.Items.Where(item => item.RunId is not null).Select(item => new DryRunBackfillResponse(item.LogicalDate.UtcDateTime)).ToArray();
        return new DryRunBackfillCollectionResponse(items, items.Length);
    }

    private static async Task<BackfillResponse> GetAsync([FromRoute(Name = "backfill_id")] long id, Backfills backfills, AirflowMapper mapper, CancellationToken cancellationToken)
        => Response(await backfills.FindAsync(id, cancellationToken) ?? throw AirflowProblemException.NotFound($"There is no backfill {id}."), mapper);

    private static async Task<BackfillResponse> PauseAsync(
        [FromRoute(Name = "backfill_id")] long id, HttpContext context, Backfills backfills, AirflowMapper mapper, CancellationToken cancellationToken)
        => Response(await backfills.PauseAsync(id, paused: true, context.Actor(), cancellationToken), mapper);

    private static async Task<BackfillResponse> UnpauseAsync(
        [FromRoute(Name = "backfill_id")] long id, HttpContext context, Backfills backfills, AirflowMapper mapper, CancellationToken cancellationToken)
        => Response(await backfills.PauseAsync(id, paused: false, context.Actor(), cancellationToken), mapper);

    private static async Task<BackfillResponse> CancelAsync(
        [FromRoute(Name = "backfill_id")] long id, HttpContext context, Backfills backfills, AirflowMapper mapper, CancellationToken cancellationToken)
        => Response(await backfills.CancelAsync(id, context.Actor(), cancellationToken), mapper);

    private static async Task<BackfillRequest> ReadAsync(HttpContext context)
    {
        var body = await context.ReadBodyAsync<BackfillBody>();
        if (!body.RunOnLatestVersion)
        {
            throw AirflowProblemException.NotSupported("run_on_latest_version = false is not supported: runs of a backfill begin now, and a run takes the version that it begins with.");
        }

        return new BackfillRequest
        {
            DagId = body.DagId,
            From = body.FromDate,
            To = body.ToDate,
            RunBackwards = body.RunBackwards,
            Reprocess = Names.Reprocess(body.ReprocessBehavior)
                ?? throw AirflowProblemException.Invalid("reprocess_behavior", $"'{body.ReprocessBehavior}' must be none, failed or completed."),
            MaxActiveRuns = body.MaxActiveRuns,
            Conf = body.DagRunConf.Count == 0 ? null : body.DagRunConf.ToJsonString(),
        };
    }

    private static BackfillResponse Response(Backfill backfill, AirflowMapper mapper) => new()
    {
        Id = backfill.Id,
        DagId = backfill.DagId,
        FromDate = backfill.From.UtcDateTime,
        ToDate = backfill.To.UtcDateTime,
        DagRunConf = AirflowMapper.Json(backfill.Conf) ?? new System.Text.Json.Nodes.JsonObject(),
        IsPaused = backfill.IsPaused,
        ReprocessBehavior = backfill.Reprocess.ToWireName(),
        MaxActiveRuns = backfill.MaxActiveRuns,
        CreatedAt = backfill.CreatedAt.UtcDateTime,
        CompletedAt = backfill.CompletedAt?.UtcDateTime,
        UpdatedAt = backfill.UpdatedAt.UtcDateTime,
        DagDisplayName = mapper.DisplayName(backfill.DagId),
    };
}
