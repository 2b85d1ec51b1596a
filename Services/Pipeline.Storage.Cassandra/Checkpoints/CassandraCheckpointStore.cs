using System.Collections.Concurrent;
using System.IO.Hashing;
using Cassandra;
using Pipeline.Storage.Cassandra.Reading;
using Pipeline.Storage.Cassandra.Writing;
using Pipeline.Streaming;
using Pipeline.Streaming.State;

namespace Pipeline.Storage.Cassandra.Checkpoints;

/// <summary>
/// Checkpoints where every processor of a group finds them, so that a partition's state goes where the partition goes. The bytes
/// are written in chunks under a name that nobody else uses, then the row that names them: a checkpoint is there as a whole or not
/// at all, and a writer of an old assignment can at worst add an older one of its own. A chunk that the checkpoint before has, too, is named again and not written again
/// (<see cref="ContentChunks"/>, <see cref="CheckpointSeries"/>): most of the state of a busy partition is ids that do not change until they are forgotten.
/// </summary>
internal sealed class CassandraCheckpointStore(CassandraClient client, IResultStore schema, RequestSender sender, TimeProvider time, string group) : ICheckpointStore
{
    private const string Key = "group_name = ? AND topic = ? AND partition = ?";
    private const string AddChunk = "INSERT INTO checkpoint_chunks (chunks_id, chunk, data) VALUES (?, ?, ?)";
    private const string RemoveChunk = "DELETE FROM checkpoint_chunks WHERE chunks_id = ? AND chunk = ?";
    private const string ReadChunk = "SELECT data FROM checkpoint_chunks WHERE chunks_id = ? AND chunk = ?";
    private const string Remove = "DELETE FROM checkpoints WHERE " + Key + " AND sequence = ?";
    private const string Find = "SELECT " + CheckpointEntry.Columns + " FROM checkpoints WHERE " + Key + " AND sequence = ?";

    private const string Add =
        "INSERT INTO checkpoints (group_name, topic, partition, sequence, chunks_id, chunk_count, length, saved_at, parts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";

    // More than are kept: a crash between saving and removing leaves one more, and so does a writer of an old assignment. Who has the partition next removes them.
    private const string List = "SELECT " + CheckpointEntry.Columns + " FROM checkpoints WHERE " + Key + " LIMIT 20";

    private readonly CassandraReader _reader = new(client);
    private readonly ConcurrentDictionary<TopicPartition, CheckpointSeries> _series = new();

    public async ValueTask SaveAsync(TopicPartition partition, long sequence, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        => await InWordsAsync(partition, "kept", async () =>
        {
            if (!_series.TryGetValue(partition, out var series))
            {
                _series[partition] = series = new CheckpointSeries(sequence, await EntriesAsync(partition, cancellationToken));
            }

            var name = Guid.NewGuid();
            var entry = new CheckpointEntry(sequence, bytes.Length, await WriteChunksAsync(series, name, bytes, cancellationToken));
            await sender.SendAsync(
                [await client.BindAsync(Add, cancellationToken, [.. KeyOf(partition), sequence, name, entry.Chunks.Count, entry.Length, time.GetUtcNow(), entry.Parts])], cancellationToken);

            series.Saved(entry);
            var (sequences, chunks) = series.Unneeded;
            await RemoveAsync(partition, sequences, chunks, cancellationToken);
            series.Removed();
            return true;
        });

    /// <remarks>Whoever asks begins anew: what is saved next shares nothing with what was saved before.</remarks>
    public async ValueTask<IReadOnlyList<long>> ListAsync(TopicPartition partition, CancellationToken cancellationToken)
        => await InWordsAsync<IReadOnlyList<long>>(partition, "listed", async () =>
        {
            _series.TryRemove(partition, out _);
            return [.. (await EntriesAsync(partition, cancellationToken)).Take(CheckpointRetention.Kept).Select(e => e.Sequence)];
        });

    public async ValueTask<ReadOnlyMemory<byte>> LoadAsync(TopicPartition partition, long sequence, CancellationToken cancellationToken)
        => await InWordsAsync<ReadOnlyMemory<byte>>(partition, "fetched", async () =>
        {
            await schema.InitializeAsync(cancellationToken);
            if (await _reader.FindAsync(Find, [.. KeyOf(partition), sequence], cancellationToken) is not { } row)
            {
                throw new CheckpointException($"There is no checkpoint {sequence} of {partition}.", isTransient: false);
            }

            var entry = CheckpointEntry.Of(row);
            var bytes = new byte[entry.Length];
            var position = 0;
            for (var i = 0; i < entry.Chunks.Count; i++)
            {
                var chunk = (await _reader.FindAsync(ReadChunk, [entry.Chunks[i].ChunksId, entry.Chunks[i].Number], cancellationToken))?.Bytes("data") ?? [];
                var isLast = i == entry.Chunks.Count - 1;
                if (chunk.Length == 0 || chunk.Length > bytes.Length - position || (isLast && chunk.Length < bytes.Length - position))
                {
                    throw new CheckpointException($"The checkpoint {sequence} of {partition} lacks its part {i + 1} of {entry.Chunks.Count}.", isTransient: false);
                }

                chunk.CopyTo(bytes, position);
                position += chunk.Length;
            }

            return bytes;
        });

    public async ValueTask ClearAsync(TopicPartition partition, CancellationToken cancellationToken)
        => await InWordsAsync(partition, "removed", async () =>
        {
            _series.TryRemove(partition, out _);
            for (var entries = await EntriesAsync(partition, cancellationToken); entries.Count > 0; entries = await EntriesAsync(partition, cancellationToken))
            {
                await RemoveAsync(partition, [.. entries.Select(e => e.Sequence)], entries.SelectMany(e => e.Chunks).ToHashSet(), cancellationToken);
            }

            return true;
        });

    /// <summary>Writes what the series has not written yet.</summary>
    /// <returns>All chunks of the bytes.</returns>
    private async Task<List<ChunkName>> WriteChunksAsync(CheckpointSeries series, Guid name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var chunks = new List<ChunkName>();
        var written = 0;
        while (!bytes.IsEmpty)
        {
            var data = bytes[..ContentChunks.NextLength(bytes.Span)];
            var content = XxHash128.HashToUInt128(data.Span);
            if (!series.TryFind(content, out var chunk))
            {
                // One after another: events are written meanwhile, and they are what somebody waits for.
                chunk = new ChunkName(name, written++);
                await sender.SendAsync([await client.BindAsync(AddChunk, cancellationToken, chunk.ChunksId, chunk.Number, data.ToArray())], cancellationToken);
                series.Add(content, chunk);
            }

            chunks.Add(chunk);
            bytes = bytes[data.Length..];
        }

        return chunks;
    }

    private async Task RemoveAsync(TopicPartition partition, IReadOnlyList<long> sequences, IReadOnlyCollection<ChunkName> chunks, CancellationToken cancellationToken)
    {
        // The rows first: chunks without a row are waste, a row without chunks would be a damaged checkpoint.
        await sender.SendAsync(await BindAsync(Remove, sequences.Select(s => (object[])[.. KeyOf(partition), s]), cancellationToken), cancellationToken);
        await sender.SendAsync(await BindAsync(RemoveChunk, chunks.Select(c => new object[] { c.ChunksId, c.Number }), cancellationToken), cancellationToken);
    }

    private async Task<List<IStatement>> BindAsync(string cql, IEnumerable<object[]> rows, CancellationToken cancellationToken)
    {
        var statements = new List<IStatement>();
        foreach (var row in rows)
        {
            statements.Add(await client.BindAsync(cql, cancellationToken, row));
        }

        return statements;
    }

    private async Task<List<CheckpointEntry>> EntriesAsync(TopicPartition partition, CancellationToken cancellationToken)
    {
        await schema.InitializeAsync(cancellationToken);
        var entries = new List<CheckpointEntry>();
        await foreach (var row in _reader.ReadAsync(List, KeyOf(partition), bytes: null, cancellationToken))
        {
            entries.Add(CheckpointEntry.Of(row));
        }

        return entries;
    }

    private static async ValueTask<T> InWordsAsync<T>(TopicPartition partition, string what, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (StorageException e)
        {
            throw new CheckpointException($"The checkpoints of {partition} could not be {what}: {e.Message}", e.IsTransient, e);
        }
    }

    private object[] KeyOf(TopicPartition partition) => [group, partition.Topic, partition.Partition];
}
