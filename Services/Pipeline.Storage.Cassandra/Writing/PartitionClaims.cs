using System.Collections.Concurrent;
using Cassandra;
using Microsoft.Extensions.Logging;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// Who may write a partition, and how far it is. Claims and progress are light-weight transactions on one row: a claim raises the
/// epoch, progress is refused when the epoch is not the writer's any more.
/// </summary>
/// <remarks>
/// Rows are no part of a transaction, so a writer that was fenced in the middle of a batch (paused, cut off) may still send rows
/// afterwards. They lose because of their write time. The row holds <c>write_time</c>, the first one (µs) that the next batch may
/// use: a batch uses at most <see cref="Reserved"/> times from there on, and its progress moves it behind the last one used. A claim
/// moves it behind whatever the writer before may use. So every row of a newer claim is newer for Cassandra, whatever the clocks say.
/// </remarks>
internal sealed class PartitionClaims(CassandraClient client, TimeProvider time)
{
    /// <summary>Write times (µs) that one batch may use.</summary>
    public const int Reserved = 100_000;

    // A writer that heard nothing for this long (it was stopped, say) looks before it writes rows, not only after.
    private static readonly TimeSpan Unconfirmed = TimeSpan.FromSeconds(3);

    private const string ReadRow =
        """
        SELECT epoch, claimed_by, windows_from, sessions_from, write_time, progress_epoch, next_offset, watermark, consumed, stored, dead_lettered, late, duplicate,
            max_event_time, updated_at, latency_p50, latency_p95, latency_p99, owner, last_stored_at
        FROM partition_progress WHERE topic = ? AND partition = ?
        """;

    private const string ReadTopic =
        """
        SELECT partition, progress_epoch, next_offset, watermark, consumed, stored, dead_lettered, late, duplicate, max_event_time, updated_at,
            latency_p50, latency_p95, latency_p99, owner, last_stored_at
        FROM partition_progress WHERE topic = ? AND partition IN ?
        """;

    private const string List = "INSERT INTO partitions (scope, topic, partition) VALUES ('" + Listings.Scope + "', ?, ?)";

    private const string Create =
        """
        INSERT INTO partition_progress (topic, partition, epoch, claimed_by, claimed_at, windows_from, sessions_from, write_time)
        VALUES (?, ?, 0, '', ?, ?, ?, ?) IF NOT EXISTS
        """;

    private const string Claim =
        """
        UPDATE partition_progress SET epoch = ?, claimed_by = ?, claimed_at = ?, write_time = ?
        WHERE topic = ? AND partition = ? IF epoch = ? AND write_time = ?
        """;

    private const string Reset =
        """
        UPDATE partition_progress SET epoch = ?, claimed_by = ?, claimed_at = ?, write_time = ?, windows_from = ?, sessions_from = ?,
            progress_epoch = ?, next_offset = ?, watermark = ?, consumed = ?, stored = ?, dead_lettered = ?, late = ?, duplicate = ?,
            max_event_time = ?, updated_at = ?, latency_p50 = ?, latency_p95 = ?, latency_p99 = ?, owner = ?, last_stored_at = ?
        WHERE topic = ? AND partition = ? IF epoch = ? AND write_time = ?
        """;

    private const string WriteProgress =
        """
        UPDATE partition_progress SET write_time = ?,
            progress_epoch = ?, next_offset = ?, watermark = ?, consumed = ?, stored = ?, dead_lettered = ?, late = ?, duplicate = ?,
            max_event_time = ?, updated_at = ?, latency_p50 = ?, latency_p95 = ?, latency_p99 = ?, owner = ?, last_stored_at = ?
        WHERE topic = ? AND partition = ? IF epoch <= ?
        """;

    private readonly ConcurrentDictionary<(string Topic, int Partition), ClaimState> _states = new();

    /// <summary>What this process knows of a partition; who writes it holds <see cref="ClaimState.Gate"/>.</summary>
    public ClaimState StateOf(string topic, int partition) => _states.GetOrAdd((topic, partition), static key => new ClaimState(key.Topic, key.Partition));

    /// <summary>Raises the epoch.</summary>
    public async Task<PartitionClaim> ClaimAsync(ClaimState state, string owner, CancellationToken cancellationToken)
    {
        while (true)
        {
            var row = await ReadOrCreateAsync(state, cancellationToken);
            var writeTime = Math.Max(row.WriteTime + Reserved, NowMicroseconds());
            var result = await client.ExecuteAsync(
                (await client.BindAsync(
                    Claim, cancellationToken, row.Epoch + 1, owner, time.GetUtcNow(), writeTime, state.Topic, state.Partition, row.Epoch, row.WriteTime)).SetIdempotence(false),
                cancellationToken);
            if (IsApplied(result))
            {
                state.Set(row with { Epoch = row.Epoch + 1, Owner = owner, WriteTime = writeTime }, time.GetTimestamp());
                return new PartitionClaim(row.Epoch + 1, row.Progress);
            }
        }
    }

    /// <summary>Raises the epoch, moves the progress back and sets the floors, in one step.</summary>
    /// <returns>The claim, and the write time for removing what was derived; what is written from now on is newer.</returns>
    public async Task<(PartitionClaim Claim, long WriteTime)> ResetAsync(ClaimState state, PartitionReset reset, string owner, CancellationToken cancellationToken)
    {
        while (true)
        {
            var row = await ReadOrCreateAsync(state, cancellationToken);
            var removal = Math.Max(row.WriteTime + Reserved, NowMicroseconds());

            // The end of time is no floor: it would silence the partition.
            var isFloor = reset.WindowsFrom < long.MaxValue;
            var after = row with
            {
                Epoch = row.Epoch + 1,
                Owner = owner,
                WriteTime = removal + 1,
                WindowsFrom = isFloor ? Math.Max(row.WindowsFrom, reset.WindowsFrom) : row.WindowsFrom,
                SessionsFrom = isFloor ? Math.Max(row.SessionsFrom, reset.SessionsFrom) : row.SessionsFrom,
                Progress = new PartitionProgress
                {
                    Topic = reset.Topic,
                    Partition = reset.Partition,
                    Epoch = row.Epoch + 1,
                    NextOffset = reset.FirstOffset,
                    UpdatedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
                    Owner = owner,
                },
            };
            object?[] values =
            [
                after.Epoch, owner, time.GetUtcNow(), after.WriteTime, after.WindowsFrom, after.SessionsFrom, .. ValuesOf(after.Progress),
                state.Topic, state.Partition, row.Epoch, row.WriteTime,
            ];
            var result = await client.ExecuteAsync((await client.BindAsync(Reset, cancellationToken, values)).SetIdempotence(false), cancellationToken);
            if (IsApplied(result))
            {
                state.Set(after, time.GetTimestamp());
                return (new PartitionClaim(after.Epoch, after.Progress), removal);
            }
        }
    }

    /// <summary>Before rows are written: knows the claim, and looks at it again when it was not confirmed lately.</summary>
    /// <exception cref="StaleEpochException">Another writer took the partition over.</exception>
    public async Task EnsureAsync(ClaimState state, long epoch, CancellationToken cancellationToken)
    {
        if (!state.IsKnown || (state.Row.Epoch <= epoch && time.GetElapsedTime(state.ConfirmedAt) > Unconfirmed))
        {
            var row = await ReadOrCreateAsync(state, cancellationToken);

            // Times that a failed attempt may have used already stay used.
            state.Set(row with { WriteTime = Math.Max(row.WriteTime, state.IsKnown && state.Row.Epoch == row.Epoch ? state.Row.WriteTime : 0) }, time.GetTimestamp());
        }

        ThrowIfStale(state, epoch);
    }

    /// <summary>After rows are written: moves progress and write time forward, if the partition is still ours.</summary>
    /// <exception cref="StaleEpochException">Another writer took the partition over.</exception>
    public async Task ConfirmAsync(ClaimState state, PartitionProgress progress, long nextWriteTime, CancellationToken cancellationToken)
    {
        var writeTime = Math.Max(nextWriteTime, NowMicroseconds());
        object?[] values = [writeTime, .. ValuesOf(progress), state.Topic, state.Partition, progress.Epoch];
        var result = await client.ExecuteAsync((await client.BindAsync(WriteProgress, cancellationToken, values)).SetIdempotence(false), cancellationToken);
        if (!IsApplied(result))
        {
            state.Set(await ReadOrCreateAsync(state, cancellationToken), time.GetTimestamp());
            ThrowIfStale(state, progress.Epoch);
            throw new StorageException($"The progress of {state} could not be written; its row was changed by something else.", isTransient: true);
        }

        state.Set(state.Row with { WriteTime = writeTime, Progress = progress }, time.GetTimestamp());
    }

    /// <summary>The progress of partitions, by topic and partition; those without any are left out. One question for each topic.</summary>
    public async Task<IReadOnlyList<PartitionProgress>> ReadAsync(IEnumerable<(string Topic, int Partition)> partitions, CancellationToken cancellationToken)
    {
        var found = await Task.WhenAll(partitions.GroupBy(p => p.Topic, p => p.Partition).Select(async topic =>
        {
            var rows = await client.ExecuteAsync(await client.BindAsync(ReadTopic, cancellationToken, topic.Key, topic.ToList()), cancellationToken);
            return rows.Select(row => ProgressOf(topic.Key, row.GetValue<int>("partition"), row)).OfType<PartitionProgress>().ToList();
        }));
        return [.. found.SelectMany(topic => topic).OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition)];
    }

    private static void ThrowIfStale(ClaimState state, long epoch)
    {
        if (state.Row.Epoch > epoch)
        {
            throw new StaleEpochException(
                $"Partition {state} was taken over by {state.Row.Owner} (epoch {state.Row.Epoch}); the results of epoch {epoch} were not written.");
        }
    }

    private async Task<ClaimRow> ReadOrCreateAsync(ClaimState state, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Serial: it sees, and if need be ends, a transaction that is under way.
            var read = (await client.BindAsync(ReadRow, cancellationToken, state.Topic, state.Partition)).SetConsistencyLevel(client.SerialConsistency);
            if ((await client.ExecuteAsync(read, cancellationToken)).FirstOrDefault() is { } row && row.GetValue<long?>("epoch") is { } epoch)
            {
                return new ClaimRow(
                    epoch,
                    row.GetValue<string>("claimed_by"),
                    row.GetValue<long>("windows_from"),
                    row.GetValue<long>("sessions_from"),
                    row.GetValue<long>("write_time"),
                    ProgressOf(state.Topic, state.Partition, row));
            }

            await client.ExecuteAsync(await client.BindAsync(List, cancellationToken, state.Topic, state.Partition), cancellationToken);
            await client.ExecuteAsync(
                await client.BindAsync(Create, cancellationToken, state.Topic, state.Partition, time.GetUtcNow(), long.MinValue, long.MinValue, NowMicroseconds()), cancellationToken);
        }
    }

    private static bool IsApplied(RowSet result) => result.First().GetValue<bool>("[applied]");

    private static object?[] ValuesOf(PartitionProgress progress) =>
    [
        progress.Epoch, progress.NextOffset, progress.Watermark, progress.Consumed, progress.Stored, progress.DeadLettered, progress.Late, progress.Duplicate,
        progress.MaxEventTime, Times.ToTimestamp(progress.UpdatedAt), progress.LatencyP50, progress.LatencyP95, progress.LatencyP99, progress.Owner,
        progress.LastStoredAt == long.MinValue ? null : Times.ToTimestamp(progress.LastStoredAt),
    ];

    private static PartitionProgress? ProgressOf(string topic, int partition, Row row) => row.GetValue<long?>("next_offset") is not { } nextOffset
        ? null
        : new PartitionProgress
        {
            Topic = topic,
            Partition = partition,
            Epoch = row.GetValue<long>("progress_epoch"),
            NextOffset = nextOffset,
            Watermark = row.GetValue<long>("watermark"),
            Consumed = row.GetValue<long>("consumed"),
            Stored = row.GetValue<long>("stored"),
            DeadLettered = row.GetValue<long>("dead_lettered"),
            Late = row.GetValue<long>("late"),
            Duplicate = row.GetValue<long>("duplicate"),
            MaxEventTime = row.GetValue<long>("max_event_time"),
            UpdatedAt = row.GetValue<DateTimeOffset>("updated_at").ToUnixTimeMilliseconds(),
            LatencyP50 = row.GetValue<double>("latency_p50"),
            LatencyP95 = row.GetValue<double>("latency_p95"),
            LatencyP99 = row.GetValue<double>("latency_p99"),
            Owner = row.GetValue<string>("owner"),
            LastStoredAt = row.GetValue<DateTimeOffset?>("last_stored_at") is { } storedAt ? storedAt.ToUnixTimeMilliseconds() : long.MinValue,
        };

    // The machine's clock, not the injected one: it competes with the write times of other programs.
    private static long NowMicroseconds() => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}

/// <summary>A row of <c>partition_progress</c>.</summary>
internal sealed record ClaimRow(long Epoch, string Owner, long WindowsFrom, long SessionsFrom, long WriteTime, PartitionProgress? Progress);

/// <summary>What this process knows of a partition's claim.</summary>
internal sealed class ClaimState(string topic, int partition)
{
    private ClaimRow? _row;

    public string Topic => topic;

    public int Partition => partition;

    /// <summary>One writer at a time.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    public bool IsKnown => _row is not null;

    public ClaimRow Row => _row ?? throw new InvalidOperationException($"Nothing is known of {this} yet.");

    /// <summary>When the server last confirmed this (clock ticks).</summary>
    public long ConfirmedAt { get; private set; }

    public void Set(ClaimRow row, long at) => (_row, ConfirmedAt) = (row, at);

    public override string ToString() => $"{topic}-{partition}";
}
