using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>Writes windowed metrics; a later write of the same window and source partition replaces the row.</summary>
internal sealed class WindowTable(CassandraClient client, StorageOptions storage)
{
    private readonly StorageOptions _storage = storage;
    private const string Upsert =
        """
        INSERT INTO metrics_by_window (metric, dimension, grain, day, window_start, value, topic, partition,
            count, sum, sum_of_squares, min, max, is_final, is_late_update, sketch)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?
        """;

    // About the size of a row besides its sketch.
    private const int RowBytes = WritePlan.RowBytes + (8 * WritePlan.CellBytes) + 100;

    private PreparedStatement? _upsert;

    public async ValueTask PrepareAsync(CancellationToken cancellationToken) => _upsert = await client.PrepareAsync(Upsert, cancellationToken);

    /// <param name="rows">Stay as they are until the plan is carried out.</param>
    /// <param name="from">Windows that start before this are left as they are: after a rebuild, the log holds only a part of them.</param>
    public void Write(List<WindowRow> rows, long from, WritePlan plan)
    {
        var source = new Rows(this, rows, plan);
        var all = CollectionsMarshal.AsSpan(rows);
        for (var i = 0; i < all.Length; i++)
        {
            if (all[i].WindowStart >= from)
            {
                Write(in all[i], new PlannedRow(source, i, plan.TakeWriteTime()), plan);
            }
        }
    }

    private static void Write(in WindowRow row, PlannedRow planned, WritePlan plan)
    {
        var series = new WindowSeries(Text.Of(row.Metric), Text.Of(row.Dimension), Text.Of(row.Grain));
        Text.Of(row.Value);
        Text.Of(row.Topic);
        Times.Checked(row.WindowStart);
        var day = Times.DayOf(row.WindowStart);
        var listing = series.Listing;
        plan.Series.Add(series);
        plan.Announce(listing, day);
        plan.Add(new PartitionKey(listing, day), planned, RowBytes + row.Sketch.Length);
    }

    private sealed class Rows(WindowTable table, List<WindowRow> rows, WritePlan plan) : RowSource
    {
        // A flush has hundreds of rows of few metrics, dimensions and values.
        private readonly Dictionary<string, byte[]> _texts = new(StringComparer.Ordinal);

        public override BoundStatement Encode(int index, long writeTime)
        {
            ref readonly var row = ref CollectionsMarshal.AsSpan(rows)[index];
            var aggregate = row.Aggregate;
            return new EncodedRow(
                table._upsert!,
                [
                    Encode(row.Metric), Encode(row.Dimension), Encode(row.Grain), Encode(Times.DayName(row.WindowStart)), CqlBytes.OfInt64(row.WindowStart), Encode(row.Value),
                    Encode(row.Topic), CqlBytes.OfInt32(row.Partition), CqlBytes.OfInt64(aggregate.Count), CqlBytes.OfDouble(aggregate.Sum), CqlBytes.OfDouble(aggregate.SumOfSquares),
                    CqlBytes.OfDouble(aggregate.Min), CqlBytes.OfDouble(aggregate.Max), CqlBytes.OfBoolean(row.IsFinal), CqlBytes.OfBoolean(row.IsLateUpdate), row.Sketch.ToArray(),
                    CqlBytes.OfInt64(writeTime), CqlBytes.OfInt32(TimeToLive.Seconds(row.WindowStart, table._storage.WindowRetention, plan.Now)),
                ],
                keyColumns: 4);
        }

        private byte[] Encode(string text)
        {
            ref var bytes = ref CollectionsMarshal.GetValueRefOrAddDefault(_texts, text, out _);
            return bytes ??= CqlBytes.OfText(text);
        }
    }
}
