using Microsoft.Extensions.Logging;
using Pipeline.Streaming.RecordLog;

namespace Pipeline.Streaming.Processing;

/// <summary>
/// A step that joins its records with a table made of another topic: the latest value per key, of the partition with the same
/// number. The task reads the table's records ahead of its own and hands them over; the step decides, by the timestamps in the log
/// only, from which of its records on each of them counts, so that a replay joins the same.
/// </summary>
public abstract class TableJoin<TEvent>(string name, string tableTopic) : Step<TEvent>(name)
    where TEvent : struct
{
    /// <summary>The topic that the table is made of.</summary>
    public string TableTopic { get; } = tableTopic;

    /// <summary>Offset of the table's partition to read next; part of the step's state.</summary>
    public abstract long NextTableOffset { get; }

    /// <summary>Whether more of the table must be read before records with timestamps in this range (Unix ms) are processed.</summary>
    public abstract bool WantsMore(long lastTimestamp);

    /// <summary>Takes records of the table. They are the caller's again afterwards.</summary>
    /// <param name="firstTimestamp">Of the records that will be processed next.</param>
    public abstract void Accept(RecordBatch table, long firstTimestamp);

    /// <summary>The table's records before this offset are gone from the log.</summary>
    public abstract void SkipTo(long tableOffset);
}

/// <summary>Reads a join's table from the log, without a consumer group: where it goes on is part of the task's state.</summary>
public sealed class TableReader(IRecordLog log, TimeProvider time, TimeSpan patience, ILogger logger)
{
    private const int RecordsPerFetch = 1_000;

    private long _endReachedAt;
    private long _endReached;
    private bool _hasReachedEnd;

    /// <summary>Reads as far as the join needs for these records.</summary>
    /// <exception cref="RecordLogException">The log can't be read.</exception>
    public async ValueTask ReadAsync<TEvent>(TableJoin<TEvent> join, TopicPartition partition, RecordBatch records, CancellationToken cancellationToken)
        where TEvent : struct
    {
        var (first, last) = (long.MaxValue, long.MinValue);
        for (var i = 0; i < records.Count; i++)
        {
            first = Math.Min(first, records.Timestamp(i));
            last = Math.Max(last, records.Timestamp(i));
        }

        var table = new TopicPartition(join.TableTopic, partition.Partition);
        while (join.WantsMore(last) && !IsCurrent(last))
        {
            var now = (Ticks: time.GetTimestamp(), Utc: time.GetUtcNow().ToUnixTimeMilliseconds());
            using var found = await FetchAsync(join, table, cancellationToken);
            join.Accept(found, first);
            if (found.Count == 0)
            {
                (_endReachedAt, _endReached, _hasReachedEnd) = (now.Ticks, now.Utc, true);
                return;
            }
        }
    }

    // Where the end was reached a moment ago, there is nothing yet that would count for these records.
    private bool IsCurrent(long lastTimestamp)
        => _hasReachedEnd && time.GetElapsedTime(_endReachedAt) < patience && lastTimestamp <= _endReached + (long)patience.TotalMilliseconds;

    private async ValueTask<RecordBatch> FetchAsync<TEvent>(TableJoin<TEvent> join, TopicPartition table, CancellationToken cancellationToken)
        where TEvent : struct
    {
        try
        {
            return await log.FetchAsync(new Position(table, join.NextTableOffset), RecordsPerFetch, cancellationToken);
        }
        catch (RecordLogException e) when (!e.IsTransient)
        {
            var start = (await log.DescribeAsync(cancellationToken)).Where(p => p.TopicPartition == table).Select(p => p.Start).DefaultIfEmpty(-1).First();
            if (start <= join.NextTableOffset)
            {
                throw;
            }

            if (join.NextTableOffset > 0)
            {
                Log.TableRecordsExpired(logger, table, join.NextTableOffset, start);
            }

            join.SkipTo(start);
            return await log.FetchAsync(new Position(table, start), RecordsPerFetch, cancellationToken);
        }
    }
}
