using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>
/// What one result batch writes: rows of one Cassandra partition together, in unlogged batches that are one mutation on the
/// server. Everything is bound, and so checked, before anything is sent.
/// </summary>
internal sealed class WritePlan
{
    // A batch is one unit of work for one thread of the server; larger ones gain nothing and wait longer behind each other.
    private const int MaxRows = 64;
    private const int MaxBytes = 128 << 10;

    private readonly Dictionary<PartitionKey, Open> _open = [];
    private readonly List<IStatement> _requests = [];
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

    /// <summary>Requests in no particular order: none depends on another.</summary>
    public IReadOnlyList<IStatement> Requests => _requests;

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
    public void Add(PartitionKey partition, BoundStatement row, int bytes = 100)
    {
        ref var open = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, partition, out _);
        if (open.Batch is null || open.Rows >= MaxRows || open.Bytes + bytes > MaxBytes)
        {
            open = new Open(new BatchStatement().SetBatchType(BatchType.Unlogged), 0, 0);
            _requests.Add(open.Batch!);
        }

        open.Batch!.Add(row);
        open = open with { Rows = open.Rows + 1, Bytes = open.Bytes + bytes };
    }

    /// <summary>A row that is a partition of its own.</summary>
    public void Add(BoundStatement row) => _requests.Add(row);

    private readonly record struct Open(BatchStatement? Batch, int Rows, int Bytes);
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
