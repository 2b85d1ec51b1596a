using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Scheduling;

namespace Pipeline.Dashboard.Airflow;

/// <summary>The audit log: who did what, when and why.</summary>
internal static class EventLogsApi
{
    private static readonly QueryParameters Listing = QueryParameters.Paged
        .With("dag_id", ParameterKind.Text, "Only about this DAG.")
        .With("run_id", ParameterKind.Text, "Only about this run.")
        .With("task_id", ParameterKind.Text, "Only about this task.")
        .With("owner", ParameterKind.Text, "Only by this one.")
        .With("event", ParameterKind.Text, "Only of this kind.")
        .With("after", ParameterKind.Time, "Only later ones.")
        .With("before", ParameterKind.Time, "Only earlier ones.")
        .WithOrderBy("id", "event_log_id", "when", "dttm", "event", "owner", "dag_id", "run_id", "task_id")
        .Without("map_index", "try_number", "excluded_events", "included_events", "dag_id_pattern", "task_id_pattern", "run_id_pattern", "owner_pattern", "event_pattern");

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/eventLogs", ListAsync).WithName("get_event_logs").WithTags("Event Log").WithQuery(Listing).WithSummary("The audit log");
        api.MapGet("/eventLogs/{event_log_id:long}", GetAsync).WithName("get_event_log").WithTags("Event Log").WithSummary("One line of the audit log");
    }

    private static async Task<EventLogCollectionResponse> ListAsync(HttpContext context, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Listing);
        var query = new AuditQuery
        {
            DagId = reader.Text("dag_id"),
            RunId = reader.Text("run_id"),
            TaskId = reader.Text("task_id"),
            Owner = reader.Text("owner"),
            Event = reader.Text("event"),
            When = QueryReader.Range(null, reader.Time("after"), null, reader.Time("before")),
            OrderBy = reader.OrderByAll.Replace("event_log_id", "id", StringComparison.Ordinal).Replace("dttm", "when", StringComparison.Ordinal),
            Limit = reader.Limit,
            Offset = reader.Offset,
        };
        reader.Check();
        var page = await runs.ListEventsAsync(query, cancellationToken);
        return new EventLogCollectionResponse([.. page.Items.Select(line => Response(line, mapper))], page.Total);
    }

    private static async Task<EventLogResponse> GetAsync([FromRoute(Name = "event_log_id")] long id, DagRuns runs, AirflowMapper mapper, CancellationToken cancellationToken)
        => Response(await runs.FindEventAsync(id, cancellationToken) ?? throw AirflowProblemException.NotFound($"The audit log has no line {id}."), mapper);

    private static EventLogResponse Response(AuditEvent line, AirflowMapper mapper) => new()
    {
        EventLogId = line.Id,
        When = line.When.UtcDateTime,
        DagId = line.DagId,
        TaskId = line.TaskId,
        RunId = line.RunId,
        TryNumber = line.TryNumber,
        Event = line.Event,
        Owner = line.Owner,
        Extra = Extra(line),
        DagDisplayName = line.DagId is { } dagId ? mapper.DisplayName(dagId) : null,
        TaskDisplayName = line.TaskId,
    };

    /// <summary>Airflow has one field for all that is special; the reason goes there.</summary>
    private static string? Extra(AuditEvent line)
    {
        if (line.Reason is null)
        {
            return line.Extra;
        }

        var extra = new JsonObject { ["reason"] = line.Reason };
        if (line.Extra is not null)
        {
            extra["extra"] = JsonNode.Parse(line.Extra);
        }

        return extra.ToJsonString();
    }
}
