using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// What one result batch writes: rows of one Cassandra partition together, one mutation on the server. Everything is checked before
/// anything is sent; the many rows of events are encoded when their request is sent, so that only what is under way is in memory.
/// </summary>
internal sealed class WritePlan
{
    /// <summary>About what a row costs in a mutation besides its values: its times of write and expiration, and the same for each cell.</summary>
    public const int RowBytes = 50;

    /// <inheritdoc cref="RowBytes"/>
    public const int CellBytes = 20;

    /// <summary>About what the removal of a row costs in a mutation.</summary>
    public const int RemovalBytes = 150;

    // A batch is one unit of work for one thread of the server; larger ones gain nothing and wait longer behind each other.
    private const int MaxRows = 64;
    private const int MaxBytes = 128 << 10;

    private readonly Dictionary<PartitionKey, PartitionRows> _open = [];
    private readonly List<PartitionRows> _shared = [];
    private readonly List<(PlannedRow Row, int Bytes)> _single = [];
    private readonly HashSet<Bucket> _buckets = [];

    private readonly long _lastWriteTime;

    /// <param name="firstWriteTime">
    /// Write time (µs) of the first row; each row takes the next one, so that of two rows with one key the later wins, whatever order
    /// they arrive in. The same batch again gets the same times.
    /// </param>
    /// <param name="now">The clock, Unix ms.</param>
    public WritePlan(long firstWriteTime, long now)
    {
        NextWriteTime = firstWriteTime;
        _lastWriteTime = firstWriteTime + PartitionClaims.Reserved - 1;
        Now = now;
    }

    /// <summary>The clock, Unix ms.</summary>
    public long Now { get; }

    public long NextWriteTime { get; private set; }

    /// <summary>What is written, in no particular order: none depends on another.</summary>
    public IEnumerable<PartitionRows> Writes => _shared.Concat(_single.Select(single => new PartitionRows().Add(single.Row, single.Bytes)));

    /// <summary>Time buckets that must be known to listings before the rows are there.</summary>
    public IReadOnlyCollection<Bucket> Buckets => _buckets;

    /// <summary>Series of windows that this writes to.</summary>
    public HashSet<WindowSeries> Series { get; } = [];

    /// <summary>
    /// The write time of the next row. A batch of more rows than times are reserved gives the last ones the same: of two rows with one
    /// time a removal wins, and no key is written twice so far apart.
    /// </summary>
    public long TakeWriteTime() => NextWriteTime < _lastWriteTime ? NextWriteTime++ : _lastWriteTime;

    public void Announce(string listing, long start) => _buckets.Add(new Bucket(listing, start));

    /// <summary>A row that shares its partition with others.</summary>
    /// <param name="bytes">About its size in the mutation, rather too much than too little.</param>
    public void Add(PartitionKey partition, BoundStatement row, int bytes) => Add(partition, new PlannedRow(new BoundRow(row), 0, 0), bytes);

    /// <inheritdoc cref="Add(PartitionKey, BoundStatement, int)"/>
    public void Add(PartitionKey partition, PlannedRow row, int bytes)
    {
        ref var open = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, partition, out _);
        if (open is null || open.Count >= MaxRows || open.Bytes + bytes > MaxBytes)
        {
            open = new PartitionRows();
            _shared.Add(open);
        }

        open.Add(row, bytes);
    }

    /// <summary>A row that is a partition of its own.</summary>
    public void Add(BoundStatement row, int bytes) => Add(new PlannedRow(new BoundRow(row), 0, 0), bytes);

    /// <inheritdoc cref="Add(BoundStatement, int)"/>
    public void Add(PlannedRow row, int bytes) => _single.Add((row, bytes));

    private sealed class BoundRow(BoundStatement statement) : RowSource
    {
        public override BoundStatement Encode(int index, long writeTime) => statement;
    }
}

/// <summary>Makes the statements of a table's rows.</summary>
internal abstract class RowSource
{
    public abstract BoundStatement Encode(int index, long writeTime);
}

/// <summary>A row that is to be written: which one of its source, and when (µs).</summary>
internal readonly record struct PlannedRow(RowSource Source, int Index, long WriteTime)
{
    public BoundStatement Encode() => Source.Encode(Index, WriteTime);
}

/// <summary>Rows that are written together because they are in one partition.</summary>
internal sealed class PartitionRows
{
    private readonly List<PlannedRow> _rows = [];

    public int Count => _rows.Count;

    /// <summary>About the size of the mutation.</summary>
    public int Bytes { get; private set; }

    public PartitionRows Add(PlannedRow row, int bytes)
    {
        _rows.Add(row);
        Bytes += bytes;
        return this;
    }

    /// <summary>The rows' statements; at least one.</summary>
    public List<BoundStatement> Encode() => _rows.ConvertAll(row => row.Encode());
}

/// <summary>A partition of a table: the parts of its key that the table has, the others empty.</summary>
internal readonly record struct PartitionKey(string Table, long Time, int Number = 0, string Text = "");

/// <summary>A time bucket of a listing, by its start (Unix ms).</summary>
internal readonly record struct Bucket(string Listing, long Start);

/// <summary>Windows that are read together.</summary>
internal readonly record struct WindowSeries(string Metric, string Dimension, string Grain)
{
    public string Listing => $"metrics_by_window/{Metric}/{Dimension}/{Grain}";
}
