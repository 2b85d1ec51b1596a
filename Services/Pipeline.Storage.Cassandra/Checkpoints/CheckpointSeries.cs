using Pipeline.Streaming.State;

namespace Pipeline.Storage.Cassandra.Checkpoints;

/// <summary>
/// The checkpoints that one owner of a partition saves one after another: which chunks it wrote and may name again, and what may go when a newer one is there. Not thread-safe.
/// </summary>
/// <remarks>
/// Chunks are shared within a series only, and a series removes only its own and what was there before it, so two owners of a partition, of which one does not know yet that it has lost it,
/// cannot take chunks away from each other: what either saves from then on has a higher sequence than the other's first.
/// </remarks>
/// <param name="first">Sequence of the first one that is saved.</param>
/// <param name="found">What is there. Only what is older belongs to the series.</param>
internal sealed class CheckpointSeries(long first, IEnumerable<CheckpointEntry> found)
{
    private readonly List<CheckpointEntry> _entries = [.. found.Where(e => e.Sequence < first)];
    private readonly Dictionary<UInt128, ChunkName> _written = [];
    private readonly HashSet<ChunkName> _unused = [];
    private readonly List<long> _dropped = [];

    /// <summary>The chunk that has this content.</summary>
    /// <param name="content">A hash of the bytes.</param>
    public bool TryFind(UInt128 content, out ChunkName chunk) => _written.TryGetValue(content, out chunk);

    /// <summary>A chunk was written.</summary>
    public void Add(UInt128 content, ChunkName chunk) => _written.Add(content, chunk);

    /// <summary>A checkpoint is there as a whole. The ones beyond <see cref="CheckpointRetention.Kept"/> and the chunks that none of the others has are not needed from now on, and not found any more.</summary>
    public void Saved(CheckpointEntry entry)
    {
        _entries.RemoveAll(e => e.Sequence == entry.Sequence);
        _entries.Add(entry);
        _entries.Sort((a, b) => b.Sequence.CompareTo(a.Sequence));
        var gone = _entries[Math.Min(_entries.Count, CheckpointRetention.Kept)..];
        _entries.RemoveRange(_entries.Count - gone.Count, gone.Count);
        _dropped.AddRange(gone.Select(e => e.Sequence));

        var needed = _entries.SelectMany(e => e.Chunks).ToHashSet();
        _unused.UnionWith(gone.SelectMany(e => e.Chunks).Where(c => !needed.Contains(c)));
        foreach (var (content, chunk) in _written.Where(w => !needed.Contains(w.Value)).ToList())
        {
            _written.Remove(content);
            _unused.Add(chunk);
        }
    }

    /// <summary>What is not needed: sequences of checkpoints, whose rows go first (a row without chunks would be a damaged checkpoint), and chunks.</summary>
    public (IReadOnlyList<long> Sequences, IReadOnlyCollection<ChunkName> Chunks) Unneeded => (_dropped, _unused);

    /// <summary>What was not needed is gone.</summary>
    public void Removed()
    {
        _dropped.Clear();
        _unused.Clear();
    }
}
