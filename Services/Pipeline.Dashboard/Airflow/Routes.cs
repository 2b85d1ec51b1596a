using Microsoft.AspNetCore.Mvc;

namespace Pipeline.Dashboard.Airflow;

// Names of path parameters are Airflow's.

internal sealed record RunPath([FromRoute(Name = "dag_id")] string DagId, [FromRoute(Name = "dag_run_id")] string RunId);

internal sealed record TaskPath(
    [FromRoute(Name = "dag_id")] string DagId, [FromRoute(Name = "dag_run_id")] string RunId, [FromRoute(Name = "task_id")] string TaskId);

internal static class AirflowRoutes
{
    /// <summary>In place of an id: of any DAG, or of any run.</summary>
    public const string Any = "~";

    public const string Dag = "/dags/{dag_id}";
    public const string Run = Dag + "/dagRuns/{dag_run_id}";
    public const string Task = Run + "/taskInstances/{task_id}";

    /// <summary>Tasks are not mapped: -1 is the one index there is.</summary>
    public const string MappedTask = Task + "/{map_index:int}";

    public static string? OrAny(string id) => id == Any ? null : id;
}
