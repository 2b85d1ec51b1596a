using Microsoft.Extensions.Options;
using Pipeline.Scheduling;
using static System.FormattableString;

namespace Pipeline.Ingest.KafkaStream;

/// <summary>
/// The DAG <c>kafka_stream</c>: users of the API become acknowledged records of <c>users_topic</c>. Large data goes from task to
/// task in the run's files, counts go as results.
/// </summary>
internal static class KafkaStreamDag
{
    public const string Id = "kafka_stream";

    /// <summary>The param that says how many users a run fetches.</summary>
    public const string Users = "users";

    public static Dag Build(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<IngestOptions>>().Value;

        // One run at a time: events of an older interval would reach the log behind those of a newer one, and be late.
        return new DagBuilder(Id)
        {
            Description = "RandomUser API -> get_data -> format_data -> stream_data -> users_topic",
            Timetable = Timetable.Every(options.Interval),
            MaxActiveRuns = 1,
            Params =
            [
                new DagParam(
                    Users,
                    Invariant($"{options.UsersPerRun}"),
                    Invariant($$"""{"type": "integer", "minimum": 1, "maximum": {{MaxUsers(options)}}}"""),
                    "How many users the run fetches."),
            ],
        }
            .Add(Task("get_data", GetData.RunAsync))
            .Add(Task("format_data", FormatData.RunAsync))
            .Add(Task("stream_data", StreamData.RunAsync))
            .Chain("get_data", "format_data", "stream_data")
            .Build();

        DagTask Task(string id, Func<TaskContext, CancellationToken, Task> run) => new(id, run)
        {
            Retries = options.Retries,
            RetryDelay = new RetryDelay(options.RetryDelay, TimeSpan.FromMinutes(1)),

            // Long enough to wait out the API's limit once.
            Timeout = TimeSpan.FromMinutes(15),
        };
    }

    /// <summary>Never more in one call than the API's limit lets through at once, or the call would wait for ever.</summary>
    private static int MaxUsers(IngestOptions options)
        => options.RateLimitUsers >= IngestOptions.MaxUsersPerCall ? IngestOptions.MaxUsersPerRun : Math.Max(options.UsersPerRun, options.RateLimitUsers);

    /// <summary>
    /// When the run's events happened, Unix ms: the last millisecond of the data interval, which is when the fetch is
    /// scheduled; the instant itself for a manual run of an instant. A rerun gives the same time.
    /// </summary>
    public static long EventTime(DataInterval interval)
        => interval.Length > TimeSpan.Zero ? interval.End.ToUnixTimeMilliseconds() - 1 : interval.Start.ToUnixTimeMilliseconds();
}
