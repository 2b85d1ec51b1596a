using Cassandra;
using Pipeline.Storage.Cassandra.Reading;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>Removes rows by age and for a rebuild, some thousands at a time, so that writes pass in between.</summary>
internal sealed class Removal(CassandraReader reader, RequestSender sender, ReplicaBatches batches, BucketDirectory directory, StoredTables tables, TimeProvider time)
{
    private const int SliceRows = 2_000;

    /// <summary>
    /// Removes rows that are older than the plan says. Most expire by themselves by then; this finds those that were too old already
    /// when they were written or that live for ever.
    /// </summary>
    public async ValueTask<long> ApplyRetentionAsync(RetentionPlan plan, CancellationToken cancellationToken)
    {
        var removed = await RemoveBeforeAsync(tables.Events, plan.Events, cancellationToken);
        removed += await RemoveBeforeAsync(tables.Late, plan.Late, cancellationToken);
        removed += await RemoveBeforeAsync(tables.DeadLetters, plan.DeadLetters, cancellationToken);
        removed += await RemoveBeforeAsync(tables.Sessions, plan.Sessions, cancellationToken);
        removed += await RemoveBeforeAsync(tables.Quality, plan.Quality, cancellationToken);
        foreach (var series in await directory.SeriesAsync(cancellationToken))
        {
            removed += await RemoveBeforeAsync(tables.Windows(series), plan.Windows, cancellationToken);
        }

        return removed;
    }

    /// <summary>Removes what was derived from the records that partitions are about to read again.</summary>
    /// <param name="writeTimes">The write time of each reset, behind all rows of the writers before.</param>
    public async ValueTask RemoveDerivedAsync(IReadOnlyList<(PartitionReset Reset, long WriteTime)> resets, CancellationToken cancellationToken)
    {
        var byPartition = resets.ToDictionary(r => (r.Reset.Topic, r.Reset.Partition));
        await RemoveAsync(tables.Events, FromOffset);
        await RemoveAsync(tables.Late, FromOffset);
        await RemoveAsync(tables.DeadLetters, FromOffset);
        await RemoveAsync(tables.Sessions, (reset, row) => row.Time("time") >= reset.SessionsFrom);
        await RemoveAsync(tables.Quality, (reset, row) => row.Time("time") >= reset.WindowsFrom);
        foreach (var series in await directory.SeriesAsync(cancellationToken))
        {
            await RemoveAsync(tables.Windows(series), (reset, row) => row.Time("time") >= reset.WindowsFrom);
        }

        static bool FromOffset(PartitionReset reset, Row row) => row.GetValue<long>("offset") >= reset.FirstOffset;

        ValueTask<long> RemoveAsync(StoredTable table, Func<PartitionReset, Row, bool> isDerived) => ScanAsync(
            table,
            long.MaxValue,
            row => byPartition.TryGetValue((row.Text("topic"), row.GetValue<int>("partition")), out var r) && isDerived(r.Reset, row) ? r.WriteTime : null,
            onEmpty: null,
            cancellationToken);
    }

    private ValueTask<long> RemoveBeforeAsync(StoredTable table, long before, CancellationToken cancellationToken) => ScanAsync(
        table,
        before,
        row => row.GetValue<long>("write_time"),
        bucket => directory.ForgetAsync(new Bucket(table.Listing, bucket), before, cancellationToken),
        cancellationToken);

    /// <param name="writeTimeOf">As of when a row is removed; null to keep it.</param>
    private async ValueTask<long> ScanAsync(
        StoredTable table, long before, Func<Row, long?> writeTimeOf, Func<long, ValueTask>? onEmpty, CancellationToken cancellationToken)
    {
        var removed = 0L;
        foreach (var bucket in await reader.BucketsAsync(table.Listing, long.MinValue, before - 1, cancellationToken))
        {
            var found = 0L;
            foreach (var partition in table.Partitions(bucket))
            {
                var rows = reader.ReadAsync(table.Select, [.. partition, Times.ToBound(before)], bytes: null, cancellationToken);
                await foreach (var slice in rows.Chunk(SliceRows).WithCancellation(cancellationToken))
                {
                    found += slice.Length;
                    var plan = new WritePlan(0, time.GetUtcNow().ToUnixTimeMilliseconds());
                    foreach (var row in slice)
                    {
                        if (writeTimeOf(row) is { } writeTime)
                        {
                            table.Remove(plan, row, writeTime);
                            removed++;
                        }
                    }

                    await sender.SendAsync(batches.Combine(plan.Writes), cancellationToken);
                }
            }

            if (found == 0 && onEmpty is not null)
            {
                await onEmpty(bucket);
            }
        }

        return removed;
    }
}
