using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Pipeline.Dashboard.Airflow.Models;
using Pipeline.Dashboard.Airflow.Reading;
using Pipeline.Dashboard.Status;
using Pipeline.Scheduling;
using Pipeline.Scheduling.Metadata;

namespace Pipeline.Dashboard.Airflow;

/// <summary>Whether the schedulers live, who they are, and which version answers.</summary>
internal static class MonitorApi
{
    // As in Airflow: a scheduler that has not given a sign for so long is not well.
    private static readonly TimeSpan HeartbeatLimit = TimeSpan.FromSeconds(30);

    private static readonly QueryParameters Jobs = QueryParameters.Paged
        .With("is_alive", ParameterKind.Boolean, "Only those that run and give signs of life.")
        .With("job_state", ParameterKind.Text, "Only in this state.")
        .With("job_type", ParameterKind.Text, "Only of this type: SchedulerJob.")
        .With("hostname", ParameterKind.Text, "Only on this host.")
        .WithOrderBy("-start_date")
        .Without("executor_class")
        .WithoutRange("start_date", "end_date");

    public static void Map(IEndpointRouteBuilder api)
    {
        // Probes and clients that look for the server ask these before they have a token; they tell nothing about data.
        api.MapGet("/monitor/health", HealthAsync).WithName("get_health").WithTags("Monitor").AllowAnonymous().WithSummary("Health of the metadata database and of the schedulers");
        api.MapGet("/version", Version).WithName("get_version").WithTags("Version").AllowAnonymous().WithSummary("The version that answers");
        api.MapGet("/jobs", ListJobsAsync).WithName("get_jobs").WithTags("Job").WithQuery(Jobs).WithSummary("Scheduler instances, the latest first");
    }

    private static async Task<HealthResponse> HealthAsync(DagRuns runs, TimeProvider clock, CancellationToken cancellationToken)
    {
        DateTimeOffset? heartbeat = null;
        var database = "healthy";
        try
        {
            heartbeat = await runs.LatestSchedulerHeartbeatAsync(cancellationToken);
        }
        catch (MetadataStoreException)
        {
            database = "unhealthy";
        }

        var scheduler = heartbeat is { } last && clock.GetUtcNow() - last < HeartbeatLimit ? "healthy" : "unhealthy";
        return new HealthResponse(
            new ComponentHealth(database),
            new SchedulerHealthResponse(scheduler, heartbeat?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff+00:00", CultureInfo.InvariantCulture)),
            new TriggererHealth(null, null),
            new DagProcessorHealth(null, null));
    }

    private static VersionInfo Version() => new(StatusReader.Version, null);

    private static async Task<JobCollectionResponse> ListJobsAsync(HttpContext context, DagRuns runs, TimeProvider clock, CancellationToken cancellationToken)
    {
        var reader = new QueryReader(context.Request, Jobs);
        var (limit, offset, order) = (reader.Limit, reader.Offset, reader.OrderBy);
        var (alive, state, type, host) = (reader.Boolean("is_alive"), reader.Text("job_state"), reader.Text("job_type"), reader.Text("hostname"));
        reader.Check();
        var jobs = (await runs.ListJobsAsync(cancellationToken)).Where(job =>
            (alive is null || alive == (job.State == "running" && clock.GetUtcNow() - job.LatestHeartbeat < HeartbeatLimit))
            && (state is null || job.State == state)
            && (type is null || type == JobType)
            && (host is null || job.Hostname == host)).ToArray();
        var ordered = order.StartsWith('-') ? jobs : jobs.Reverse();
        return new JobCollectionResponse([.. ordered.Skip(offset).Take(limit).Select(Response)], jobs.Length);
    }

    private const string JobType = "SchedulerJob";

    private static JobResponse Response(SchedulerJob job) => new()
    {
        Id = NumberOf(job.Id),
        State = job.State,
        JobType = JobType,
        StartDate = job.StartDate.UtcDateTime,
        EndDate = job.EndDate?.UtcDateTime,
        LatestHeartbeat = job.LatestHeartbeat.UtcDateTime,
        Hostname = job.Hostname,
    };

    /// <summary>Airflow's ids are numbers, ours are names.</summary>
    private static int NumberOf(string id) => (int)(BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(id))) & int.MaxValue);
}
