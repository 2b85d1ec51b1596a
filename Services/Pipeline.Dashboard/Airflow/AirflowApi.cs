using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Airflow's REST API v2 over this pipeline's DAGs: its paths, parameters and JSON, so that its clients work.</summary>
internal static class AirflowApi
{
    public const string DocumentName = "v2";

    public static void MapAirflow(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v2").RequireRole(ApiRoles.Viewer).WithGroupName(DocumentName);
        api.AddEndpointFilter<IEndpointConventionBuilder, AirflowProblems>();
        DagsApi.Map(api);
        DagCodeApi.Map(api);
        DagRunsApi.Map(api);
        ClearApi.Map(api);
        TaskInstancesApi.Map(api);
        LogsApi.Map(api);
        XComsApi.Map(api);
        BackfillsApi.Map(api);
        PoolsApi.Map(api);
        AssetsApi.Map(api);
        EventLogsApi.Map(api);
        MonitorApi.Map(api);
        UnsupportedApi.Map(api);
    }
}
