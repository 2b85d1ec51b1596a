using Pipeline.Scheduling;
using Pipeline.Sqlite;
using Pipeline.Storage;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Ingest.Maintenance;

/// <summary>
/// The DAG <c>maintenance</c>: every night, or when it is triggered, everything that keeps the data directory and the stores small.
/// Each store applies its retention by itself too, all day; here it is done now, in sight, with what was removed as results.
/// The tasks are independent: one that fails keeps no other from its work.
/// </summary>
internal static class MaintenanceDag
{
    public const string Id = "maintenance";

    public static Dag Build(IServiceProvider services) => new DagBuilder(Id)
    {
        DisplayName = "Maintenance",
        Description = "Retention of records, results and runs, and leftovers of checkpoints",
        Tags = ["operations"],
        Timetable = Timetable.Cron("0 3 * * *", "UTC"),
        MaxActiveRuns = 1,

        // From the day of the start on: what was missed before is nothing that a first start has to make up for.
        StartDate = new DateTimeOffset(services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime.Date, TimeSpan.Zero),
    }
        .Add(Task("expire_records", ExpireRecordsAsync))
        .Add(Task("expire_results", ExpireResultsAsync))
        .Add(Task("prune_metadata", PruneMetadataAsync))
        .Add(Task("prune_checkpoints", PruneCheckpointsAsync))
        .Build();

    private static DagTask Task(string id, Func<TaskContext, CancellationToken, Task> run) => new(id, run)
    {
        Retries = 3,
        RetryDelay = new RetryDelay(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10)),
        Timeout = TimeSpan.FromHours(1),
    };

    private static async Task ExpireRecordsAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var log = context.Services.GetRequiredService<IRecordLog>();
        Push(context, "records", await log.ApplyRetentionAsync(cancellationToken));
    }

    private static async Task ExpireResultsAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var store = context.Services.GetService<IResultStore>() ?? throw new TaskSkippedException("This process has no result store; run the DAG where there is one.");
        Push(context, "rows", await store.ApplyRetentionAsync(cancellationToken));
    }

    private static async Task PruneMetadataAsync(TaskContext context, CancellationToken cancellationToken)
    {
        Push(context, "runs", await context.Services.GetRequiredService<MetadataRetention>().PruneAsync(cancellationToken));
    }

    private static async Task PruneCheckpointsAsync(TaskContext context, CancellationToken cancellationToken)
    {
        var log = context.Services.GetRequiredService<IRecordLog>();
        var partitions = (await log.DescribeAsync(cancellationToken)).Select(partition => partition.TopicPartition.ToString());
        var now = context.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        var directory = context.Services.GetRequiredService<DataDirectory>().Subdirectory("checkpoints");
        Push(context, "files", CheckpointLeftovers.Remove(directory, partitions.ToHashSet(StringComparer.Ordinal), now));
    }

    private static void Push(TaskContext context, string what, long removed)
    {
        context.Logger.Removed(removed, what);
        context.Push(TaskResult.ReturnValue, removed);
    }
}
