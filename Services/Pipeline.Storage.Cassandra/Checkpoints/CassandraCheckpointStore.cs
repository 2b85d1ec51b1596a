using Cassandra;
using Pipeline.Storage.Cassandra.Reading;
using Pipeline.Storage.Cassandra.Schema;
using Pipeline.Storage.Cassandra.Writing;
using Pipeline.Streaming;
using Pipeline.Streaming.State;

namespace Pipeline.Storage.Cassandra.Checkpoints;

/// <summary>
/// Checkpoints where every processor of a group finds them, so that a partition's state goes where the partition goes. The bytes
/// are written in chunks under a name that nobody else uses, then the row that names them: a checkpoint is there as a whole or not
/// at all, and a writer of an old assignment can at worst add an older one of its own.
/// </summary>
internal sealed class CassandraCheckpointStore(CassandraClient client, IResultStore schema, RequestSender sender, TimeProvider time, string group) : ICheckpointStore
{
    /// <summary>
    /// Bytes of a chunk: far below what a node takes as one mutation, and below what the collectors of both sides take for a large object, which is dearer: half a region of
    /// the node's heap (of a megabyte at least), and 85,000 bytes here. Who reads takes chunks of any size.
    /// </summary>
    internal const int ChunkBytes = 64 << 10;

    private const string Key = "group_name = ? AND topic = ? AND partition = ?";
    private const string AddChunk = "INSERT INTO checkpoint_chunks (chunks_id, chunk, data) VALUES (?, ?, ?)";
    private const string RemoveChunk = "DELETE FROM checkpoint_chunks WHERE chunks_id = ? AND chunk = ?";
    private const string ReadChunk = "SELECT data FROM checkpoint_chunks WHERE chunks_id = ? AND chunk = ?";
    private const string Remove = "DELETE FROM checkpoints WHERE " + Key + " AND sequence = ?";
    private const string Find = "SELECT sequence, chunks_id, chunk_count, length FROM checkpoints WHERE " + Key + " AND sequence = ?";

    private const string Add =
        "INSERT INTO checkpoints (group_name, topic, partition, sequence, chunks_id, chunk_count, length, saved_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

    // More than are kept: a crash between saving and removing leaves one more, and the next save removes it.
    private const string List = "SELECT sequence, chunks_id, chunk_count, length FROM checkpoints WHERE " + Key + " LIMIT 20";

    private readonly CassandraReader _reader = new(client);

    public async ValueTask SaveAsync(TopicPartition partition, long sequence, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        => await InWordsAsync(partition, "kept", async () =>
        {
            var old = await EntriesAsync(partition, cancellationToken);
            var entry = new Entry(sequence, Guid.NewGuid(), (bytes.Length + ChunkBytes - 1) / ChunkBytes, bytes.Length);

            // One after another: events are written meanwhile, and they are what somebody waits for.
            for (var i = 0; i < entry.Chunks; i++)
            {
                var data = bytes.Slice(i * ChunkBytes, Math.Min(ChunkBytes, bytes.Length - (i * ChunkBytes))).ToArray();
                await sender.SendAsync([await client.BindAsync(AddChunk, cancellationToken, entry.ChunksId, i, data)], cancellationToken);
            }

            await sender.SendAsync(
                [await client.BindAsync(Add, cancellationToken, [.. KeyOf(partition), sequence, entry.ChunksId, entry.Chunks, entry.Length, time.GetUtcNow()])], cancellationToken);

            var kept = old.Where(e => e.Sequence != sequence).Append(entry).OrderByDescending(e => e.Sequence).Take(CheckpointRetention.Kept).ToList();
            await RemoveAsync(partition, [.. old.Where(e => !kept.Contains(e))], sequence, cancellationToken);
            return true;
        });

    public async ValueTask<IReadOnlyList<long>> ListAsync(TopicPartition partition, CancellationToken cancellationToken)
        => await InWordsAsync<IReadOnlyList<long>>(
            partition, "listed", async () => [.. (await EntriesAsync(partition, cancellationToken)).Take(CheckpointRetention.Kept).Select(e => e.Sequence)]);

    public async ValueTask<ReadOnlyMemory<byte>> LoadAsync(TopicPartition partition, long sequence, CancellationToken cancellationToken)
        => await InWordsAsync<ReadOnlyMemory<byte>>(partition, "fetched", async () =>
        {
            await schema.InitializeAsync(cancellationToken);
            if (await _reader.FindAsync(Find, [.. KeyOf(partition), sequence], cancellationToken) is not { } row)
            {
                throw new CheckpointException($"There is no checkpoint {sequence} of {partition}.", isTransient: false);
            }

            var entry = EntryOf(row);
            var bytes = new byte[entry.Length];
            var position = 0;
            for (var i = 0; i < entry.Chunks; i++)
            {
                var chunk = (await _reader.FindAsync(ReadChunk, [entry.ChunksId, i], cancellationToken))?.Bytes("data") ?? [];
                var isLast = i == entry.Chunks - 1;
                if (chunk.Length == 0 || chunk.Length > bytes.Length - position || (isLast && chunk.Length < bytes.Length - position))
                {
                    throw new CheckpointException($"The checkpoint {sequence} of {partition} lacks its part {i + 1} of {entry.Chunks}.", isTransient: false);
                }

                chunk.CopyTo(bytes, position);
                position += chunk.Length;
            }

            return bytes;
        });

    public async ValueTask ClearAsync(TopicPartition partition, CancellationToken cancellationToken)
        => await InWordsAsync(partition, "removed", async () =>
        {
            for (var entries = await EntriesAsync(partition, cancellationToken); entries.Count > 0; entries = await EntriesAsync(partition, cancellationToken))
            {
                await RemoveAsync(partition, entries, savedSequence: null, cancellationToken);
            }

            return true;
        });

    /// <param name="savedSequence">The row that was just written in the place of an older one of the same sequence; it stays.</param>
    private async Task RemoveAsync(TopicPartition partition, IReadOnlyList<Entry> entries, long? savedSequence, CancellationToken cancellationToken)
    {
        if (entries.Count == 0)
        {
            return;
        }

        // The rows first: chunks without a row are waste, a row without chunks would be a damaged checkpoint.
        var rows = new List<IStatement>();
        var chunks = new List<IStatement>();
        foreach (var entry in entries)
        {
            if (entry.Sequence != savedSequence)
            {
                rows.Add(await client.BindAsync(Remove, cancellationToken, [.. KeyOf(partition), entry.Sequence]));
            }

            for (var i = 0; i < entry.Chunks; i++)
            {
                chunks.Add(await client.BindAsync(RemoveChunk, cancellationToken, entry.ChunksId, i));
            }
        }

        await sender.SendAsync(rows, cancellationToken);
        await sender.SendAsync(chunks, cancellationToken);
    }

    private async Task<List<Entry>> EntriesAsync(TopicPartition partition, CancellationToken cancellationToken)
    {
        await schema.InitializeAsync(cancellationToken);
        var entries = new List<Entry>();
        await foreach (var row in _reader.ReadAsync(List, KeyOf(partition), bytes: null, cancellationToken))
        {
            entries.Add(EntryOf(row));
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

    private static Entry EntryOf(Row row)
        => new(row.GetValue<long>("sequence"), row.GetValue<Guid>("chunks_id"), row.GetValue<int>("chunk_count"), row.GetValue<int>("length"));

    private sealed record Entry(long Sequence, Guid ChunksId, int Chunks, int Length);
}
