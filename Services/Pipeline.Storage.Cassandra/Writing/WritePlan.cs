using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// What one result batch writes: rows of one Cassandra partition together, in unlogged batches that are one mutation on the
/// server. Everything is checked before anything is sent; the many rows of events are encoded when their batch is sent, so that only what is
/// under way is in memory.
/// </summary>
internal sealed class WritePlan
{
    // A batch is one unit of work for one thread of the server; larger ones gain nothing and wait longer behind each other.
    private const int MaxRows = 64;
    private const int MaxBytes = 128 << 10;

    private readonly Dictionary<PartitionKey, RowBatch> _open = [];
    private readonly List<RowBatch> _batches = [];
    private readonly List<PlannedRow> _single = [];
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

    /// <summary>Requests in no particular order, each made when it is asked for: none depends on another.</summary>
    public IEnumerable<IStatement> Requests => _batches.Select(batch => batch.ToStatement()).Concat(_single.Select(row => row.Encode()));

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
    /// <param name="bytes">About its size.</param>
    public void Add(PartitionKey partition, BoundStatement row, int bytes = 100) => Add(partition, new PlannedRow(new BoundRow(row), 0, 0), bytes);

    /// <inheritdoc cref="Add(PartitionKey, BoundStatement, int)"/>
    public void Add(PartitionKey partition, PlannedRow row, int bytes = 100)
    {
        ref var open = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, partition, out _);
        if (open is null || open.Rows.Count >= MaxRows || open.Bytes + bytes > MaxBytes)
        {
            open = new RowBatch();
            _batches.Add(open);
        }

        open.Rows.Add(row);
        open.Bytes += bytes;
    }

    /// <summary>A row that is a partition of its own.</summary>
    public void Add(BoundStatement row) => Add(new PlannedRow(new BoundRow(row), 0, 0));

    /// <inheritdoc cref="Add(BoundStatement)"/>
    public void Add(PlannedRow row) => _single.Add(row);

    private sealed class BoundRow(BoundStatement statement) : RowSource
    {
        public override BoundStatement Encode(int index, long writeTime) => statement;
    }

    private sealed class RowBatch
    {
        public List<PlannedRow> Rows { get; } = [];

        public int Bytes { get; set; }

        public IStatement ToStatement()
        {
            if (Rows.Count == 1)
            {
                return Rows[0].Encode();
            }

            var batch = new BatchStatement().SetBatchType(BatchType.Unlogged);
            foreach (var row in Rows)
            {
                batch.Add(row.Encode());
            }

            return batch;
        }
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

/// <summary>A partition of a table: the parts of its key that the table has, the others empty.</summary>
internal readonly record struct PartitionKey(string Table, long Time, int Number = 0, string Text = "");

/// <summary>A time bucket of a listing, by its start (Unix ms).</summary>
internal readonly record struct Bucket(string Listing, long Start);

/// <summary>Windows that are read together.</summary>
internal readonly record struct WindowSeries(string Metric, string Dimension, string Grain)
{
    public string Listing => $"metrics_by_window/{Metric}/{Dimension}/{Grain}";
}
