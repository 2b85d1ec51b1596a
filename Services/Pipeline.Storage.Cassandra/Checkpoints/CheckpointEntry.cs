using Cassandra;

namespace Pipeline.Storage.Cassandra.Checkpoints;

/// <summary>A row of <c>checkpoint_chunks</c>: who wrote it, and which of the writer's it is.</summary>
internal readonly record struct ChunkName(Guid ChunksId, int Number);

/// <summary>A row of <c>checkpoints</c>: a checkpoint and the chunks that are its bytes, in order.</summary>
internal sealed record CheckpointEntry(long Sequence, int Length, IReadOnlyList<ChunkName> Chunks)
{
    /// <summary>The columns that it is read from.</summary>
    public const string Columns = "sequence, chunks_id, chunk_count, length, parts";

    /// <summary>What the column <c>parts</c> holds.</summary>
    public List<Tuple<Guid, int>> Parts => [.. Chunks.Select(c => Tuple.Create(c.ChunksId, c.Number))];

    public static CheckpointEntry Of(Row row)
    {
        // Until schema version 5 a checkpoint had all its chunks for itself.
        var chunks = row.GetValue<IEnumerable<Tuple<Guid, int>>>("parts") is { } parts
            ? parts.Select(p => new ChunkName(p.Item1, p.Item2))
            : Enumerable.Range(0, row.GetValue<int>("chunk_count")).Select(number => new ChunkName(row.GetValue<Guid>("chunks_id"), number));
        return new CheckpointEntry(row.GetValue<long>("sequence"), row.GetValue<int>("length"), [.. chunks]);
    }
}
