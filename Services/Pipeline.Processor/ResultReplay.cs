using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Storage;
using Pipeline.Streaming;
using Pipeline.Streaming.Processing;
using Pipeline.Streaming.RecordLog;
using Pipeline.Streaming.State;

namespace Pipeline.Processor;

/// <summary>
/// Rebuilds the results from the log: forgets what was derived from the records that the log still holds, then processes them
/// again with fresh state. Takes the partitions over, so a processor that is running meanwhile is fenced; the checkpoints it
/// leaves are where the processor goes on. Commits no offset. May be interrupted and run again; a processor started instead
/// finishes the work.
/// </summary>
public sealed class ResultReplay
{
    private const int RecordsPerFetch = 4096;

    private readonly IRecordLog _log;
    private readonly IResultStore _store;
    private readonly ICheckpointStore _checkpoints;
    private readonly ProcessorTasks _tasks;
    private readonly ProcessorOptions _options;

    internal ResultReplay(IRecordLog log, IResultStore store, ICheckpointStore checkpoints, ProcessorTasks tasks, IOptions<ProcessorOptions> options)
    {
        _log = log;
        _store = store;
        _checkpoints = checkpoints;
        _tasks = tasks;
        _options = options.Value;
    }

    /// <summary>Rebuilds the results of both topics up to where the log ends now.</summary>
    /// <param name="endOfInput">No more records are expected: windows and sessions that are still open are written as complete.</param>
    /// <exception cref="PartitionFencedException">A processor took a partition over meanwhile; stop it first.</exception>
    /// <exception cref="StorageException">The store could not be reset.</exception>
    /// <exception cref="RecordLogException">The log could not be read.</exception>
    public async Task<ReplayResult> RunAsync(bool endOfInput, IProgress<ReplayProgress>? progress, CancellationToken cancellationToken)
    {
        var partitions = await DescribeAsync(cancellationToken);
        var total = partitions.Sum(p => p.HighWatermark - p.Start);
        progress?.Report(new ReplayProgress(0, total));
        await ForgetAsync(partitions, cancellationToken);
        var rebuilds = new List<Rebuild>();
        try
        {
            foreach (var partition in partitions)
            {
                var rebuild = new Rebuild(partition, _tasks.Create(partition.TopicPartition));
                rebuilds.Add(rebuild);
                rebuild.Next = (await rebuild.Task.OpenAsync(partition, cancellationToken)).Offset;
            }

            return new ReplayResult(partitions.Count, await RebuildAsync(rebuilds, total, endOfInput, progress, cancellationToken));
        }
        finally
        {
            rebuilds.ForEach(r => r.Task.Dispose());
        }
    }

    /// <summary>Only the first half: whoever processes the partitions next begins where the log begins.</summary>
    /// <exception cref="StorageException">The store could not be reset.</exception>
    /// <exception cref="RecordLogException">The log could not be read.</exception>
    internal async Task ForgetAsync(CancellationToken cancellationToken) => await ForgetAsync(await DescribeAsync(cancellationToken), cancellationToken);

    private static ValueTask CommitNothing(Position position, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    private async Task<List<PartitionOffsets>> DescribeAsync(CancellationToken cancellationToken) =>
        [.. (await _log.DescribeAsync(cancellationToken)).Where(p => Topics.All.Contains(p.TopicPartition.Topic))];

    private async Task ForgetAsync(List<PartitionOffsets> partitions, CancellationToken cancellationToken)
    {
        var resets = new List<PartitionReset>();
        foreach (var partition in partitions)
        {
            resets.Add(await ResetOfAsync(partition, cancellationToken));
        }

        await _store.ResetAsync(resets, ProcessorTasks.Owner, cancellationToken);
        foreach (var partition in partitions)
        {
            await _checkpoints.ClearAsync(partition.TopicPartition, cancellationToken);
        }
    }

    private async ValueTask<PartitionReset> ResetOfAsync(PartitionOffsets partition, CancellationToken cancellationToken)
    {
        var (topic, number) = partition.TopicPartition;
        if (partition.Start == 0)
        {
            return new PartitionReset(topic, number, 0, long.MinValue, long.MinValue);
        }

        // Records that the log no longer holds may belong to windows up to here.
        using var first = await _log.FetchAsync(new Position(partition.TopicPartition, partition.Start), maxRecords: 1, cancellationToken);
        var coveredFrom = first.Count == 0 ? long.MaxValue : first.Timestamp(0) + (long)_options.MaxFutureSkew.TotalMilliseconds;
        var sessionsFrom = coveredFrom == long.MaxValue ? coveredFrom : coveredFrom + (long)_options.SessionGap.TotalMilliseconds;
        return new PartitionReset(topic, number, partition.Start, coveredFrom, sessionsFrom);
    }

    // A batch of each partition in turn: retention removes the oldest records of all of them meanwhile, so none may wait.
    private async ValueTask<long> RebuildAsync(
        List<Rebuild> rebuilds, long total, bool endOfInput, IProgress<ReplayProgress>? progress, CancellationToken cancellationToken)
    {
        var done = 0L;
        var open = rebuilds.Where(r => r.Next < r.Log.HighWatermark).ToList();
        while (open.Count > 0)
        {
            foreach (var rebuild in open)
            {
                var records = await _log.FetchAsync(new Position(rebuild.Log.TopicPartition, rebuild.Next), RecordsPerFetch, cancellationToken);
                done += records.NextOffset - rebuild.Next;
                rebuild.Next = records.NextOffset;
                await rebuild.Task.ProcessAsync(records, cancellationToken);
                if (rebuild.Task.UntilDue() == TimeSpan.Zero)
                {
                    await rebuild.Task.RunDueAsync(CommitNothing, cancellationToken);
                }
            }

            open.RemoveAll(r => r.Next >= r.Log.HighWatermark);
            progress?.Report(new ReplayProgress(Math.Min(done, total), total));
        }

        foreach (var rebuild in rebuilds)
        {
            await (endOfInput ? rebuild.Task.EndInputAsync(CommitNothing, cancellationToken) : rebuild.Task.CloseAsync(CommitNothing, cancellationToken));
        }

        return done;
    }

    private sealed class Rebuild(PartitionOffsets log, StreamTask<PipelineEvent> task)
    {
        public PartitionOffsets Log { get; } = log;

        public StreamTask<PipelineEvent> Task { get; } = task;

        public long Next { get; set; }
    }
}

/// <summary>How far a rebuild is, in records.</summary>
public readonly record struct ReplayProgress(long Done, long Total);

/// <summary>What a rebuild did.</summary>
public sealed record ReplayResult(int Partitions, long Records);
