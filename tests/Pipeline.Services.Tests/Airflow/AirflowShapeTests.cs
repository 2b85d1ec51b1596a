using System.Text.Json;
using Microsoft.AspNetCore.Routing;

namespace Pipeline.Services.Tests.Airflow;

/// <summary>The JSON has exactly the fields that Airflow's REST API v2 documents (3.2), and every path of it is answered.</summary>
public sealed class AirflowShapeTests(AirflowHost host) : IClassFixture<AirflowHost>
{
    private const string Dag = "allowed_run_types bundle_name bundle_version dag_display_name dag_id description file_token fileloc has_import_errors has_task_concurrency_limits is_paused is_stale "
        + "last_expired last_parse_duration last_parsed_time max_active_runs max_active_tasks max_consecutive_failed_dag_runs next_dagrun_data_interval_end next_dagrun_data_interval_start "
        + "next_dagrun_logical_date next_dagrun_run_after owners relative_fileloc tags timetable_description timetable_partitioned timetable_summary";

    private const string DagDetails = Dag + " active_runs_count asset_expression catchup concurrency dag_run_timeout default_args doc_md end_date is_favorite is_paused_upon_creation last_parsed "
        + "latest_dag_version owner_links params render_template_as_native_obj start_date template_search_path timezone";

    private const string DagRun = "bundle_version conf dag_display_name dag_id dag_run_id dag_versions data_interval_end data_interval_start duration end_date last_scheduling_decision logical_date "
        + "note partition_key queued_at run_after run_type start_date state triggered_by triggering_user_name";

    private const string TaskHistory = "dag_display_name dag_id dag_run_id dag_version duration end_date executor executor_config hostname map_index max_tries operator operator_name pid pool "
        + "pool_slots priority_weight queue queued_when scheduled_when start_date state task_display_name task_id try_number unixname";

    private const string TaskInstance = TaskHistory + " id logical_date note rendered_fields rendered_map_index run_after trigger triggerer_job";

    private const string Version = "bundle_name bundle_url bundle_version created_at dag_display_name dag_id id version_number";

    private const string Task = "class_ref depends_on_past doc_md downstream_task_ids end_date execution_timeout extra_links is_mapped operator_name owner params pool pool_slots priority_weight queue "
        + "retries retry_delay retry_exponential_backoff start_date task_display_name task_id template_fields trigger_rule ui_color ui_fgcolor wait_for_downstream weight_rule";

    private const string XCom = "dag_display_name dag_id key logical_date map_index run_after run_id task_display_name task_id timestamp";

    [Theory]
    [InlineData("dags/etl", Dag)]
    [InlineData("dags/etl/details", DagDetails)]
    [InlineData("dags/etl/details|latest_dag_version", Version)]
    [InlineData("dags|", "dags total_entries")]
    [InlineData("dags|dags", Dag)]
    [InlineData("dags/etl|tags", "dag_display_name dag_id name")]
    [InlineData("dagTags", "tags total_entries")]
    [InlineData("dagStats|dags", "dag_display_name dag_id stats")]
    [InlineData("dagStats|dags|stats", "count state")]
    [InlineData("dags/etl/tasks|tasks", Task)]
    [InlineData("dags/etl/tasks/load|retry_delay", "__type days microseconds seconds")]
    [InlineData("dags/etl/dagVersions|dag_versions", Version)]
    [InlineData("dags/etl/dagVersions/1", Version)]
    [InlineData("dagSources/etl", "content dag_display_name dag_id version_number")]
    [InlineData("dagWarnings", "dag_warnings total_entries")]
    [InlineData("importErrors|import_errors", "bundle_name filename import_error_id stack_trace timestamp")]
    [InlineData("dags/etl/dagRuns", "dag_runs total_entries")]
    [InlineData("dags/etl/dagRuns|dag_runs", DagRun)]
    [InlineData("dags/etl/dagRuns|dag_runs|dag_versions", Version)]
    [InlineData("dags/etl/dagRuns/{run}", DagRun)]
    [InlineData("dags/etl/dagRuns/{run}/taskInstances|task_instances", TaskInstance)]
    [InlineData("dags/etl/dagRuns/{run}/taskInstances/load", TaskInstance)]
    [InlineData("dags/etl/dagRuns/{run}/taskInstances/load/-1", TaskInstance)]
    [InlineData("dags/etl/dagRuns/{run}/taskInstances/load/tries|task_instances", TaskHistory)]
    [InlineData("dags/etl/dagRuns/{run}/taskInstances/load/-1/tries/1", TaskHistory)]
    [InlineData("dags/etl/dagRuns/{run}/taskInstances/extract/logs/1", "content continuation_token")]
    [InlineData("dags/etl/dagRuns/{run}/taskInstances/extract/logs/1|content", "event level timestamp")]
    [InlineData("dags/etl/dagRuns/{run}/taskInstances/extract/xcomEntries|xcom_entries", XCom)]
    [InlineData("dags/etl/dagRuns/{run}/taskInstances/extract/xcomEntries/return_value", XCom + " value")]
    [InlineData("pools|pools", "deferred_slots description include_deferred name occupied_slots open_slots queued_slots running_slots scheduled_slots slots team_name")]
    [InlineData("assets|assets", "aliases consuming_tasks created_at extra group id last_asset_event name producing_tasks scheduled_dags updated_at uri watchers")]
    [InlineData("assets|assets|producing_tasks", "created_at dag_id task_id updated_at")]
    [InlineData("assets|assets|last_asset_event", "id timestamp")]
    [InlineData("assets/events|asset_events", "asset_id created_dagruns extra group id name partition_key source_dag_id source_map_index source_run_id source_task_id timestamp uri")]
    [InlineData("eventLogs|event_logs", "dag_display_name dag_id event event_log_id extra logical_date map_index owner run_id task_display_name task_id try_number when")]
    [InlineData("jobs|jobs", "dag_display_name dag_id end_date executor_class hostname id job_type latest_heartbeat start_date state unixname")]
    [InlineData("monitor/health", "dag_processor metadatabase scheduler triggerer")]
    [InlineData("monitor/health|scheduler", "latest_scheduler_heartbeat status")]
    [InlineData("version", "git_version version")]
    public async Task Resource_AsJson_HasExactlyItsFields(string place, string fields)
    {
        var run = await host.RunAsync(new { rows = 1 });
        var parts = place.Split('|', StringSplitOptions.RemoveEmptyEntries);

        var json = await host.GetAsync($"/api/v2/{parts[0].Replace("{run}", Uri.EscapeDataString(run.GetProperty("dag_run_id").GetString()!), StringComparison.Ordinal)}");
        foreach (var part in parts[1..])
        {
            json = json.GetProperty(part);
            json = json.ValueKind == JsonValueKind.Array ? json.EnumerateArray().First() : json;
        }

        Assert.Equal(fields.Split(' ').Order(StringComparer.Ordinal), json.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Backfill_AsJson_HasExactlyItsFields()
    {
        var now = DateTimeOffset.UtcNow;
        var body = new { dag_id = AirflowHost.Hourly, from_date = now.AddHours(-5), to_date = now.AddHours(-2) };

        var plan = await host.SendAsync(HttpMethod.Post, "/api/v2/backfills/dry_run", body);
        var backfill = await host.SendAsync(HttpMethod.Post, "/api/v2/backfills", body);
        await host.SendAsync(HttpMethod.Put, $"/api/v2/backfills/{backfill.GetProperty("id")}/cancel", null);

        Assert.Equal(["logical_date", "partition_date", "partition_key"], plan.GetProperty("backfills")[0].EnumerateObject().Select(p => p.Name));
        Assert.Equal(
            ["completed_at", "created_at", "dag_display_name", "dag_id", "dag_run_conf", "from_date", "id", "is_paused", "max_active_runs", "reprocess_behavior", "to_date", "updated_at"],
            backfill.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Paths_OfAirflow_AllHaveAnEndpoint()
    {
        var ours = ((IEndpointRouteBuilder)host.App).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Select(method => $"{method} {Plain(endpoint.RoutePattern.RawText!)}") ?? [])
            .ToHashSet(StringComparer.Ordinal);

        Assert.All(AirflowPaths.All, path => Assert.Contains(path, ours));
    }

    [Fact]
    public async Task OpenApi_OfTheApi_DescribesEveryPathOnceAndNothingElse()
    {
        var document = await host.GetAsync("/openapi/v2.json");
        var first = await host.GetAsync("/openapi/v1.json");

        var described = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name["/api/v2".Length..]}"));
        Assert.Equal(AirflowPaths.All.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(first.GetProperty("paths").EnumerateObject(), path => path.Name.StartsWith("/api/v2", StringComparison.Ordinal));
        Assert.Contains(
            document.GetProperty("paths").GetProperty("/api/v2/dags/{dag_id}/dagRuns").GetProperty("get").GetProperty("parameters").EnumerateArray(),
            parameter => parameter.GetProperty("name").GetString() == "logical_date_gte");
    }

    private static string Plain(string route)
        => route.StartsWith("/api/v2", StringComparison.Ordinal) ? route["/api/v2".Length..].Replace(":int}", "}", StringComparison.Ordinal).Replace(":long}", "}", StringComparison.Ordinal) : route;
}
