using System.Runtime.InteropServices;
using Cassandra;

namespace Pipeline.Storage.Cassandra.Writing;

/// <summary>Writes windowed metrics; a later write of the same window and source partition replaces the row.</summary>
internal sealed class WindowTable(CassandraClient client, StorageOptions storage)
{
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

    /// <param name="from">Windows that start before this are left as they are: after a rebuild, the log holds only a part of them.</param>
    public void Write(List<WindowRow> rows, long from, WritePlan plan)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            if (row.WindowStart >= from)
            {
                Write(in row, plan);
            }
        }
    }

    private void Write(in WindowRow row, WritePlan plan)
    {
        var series = new WindowSeries(Text.Of(row.Metric), Text.Of(row.Dimension), Text.Of(row.Grain));
        var day = Times.DayOf(row.WindowStart);
        var listing = series.Listing;
        plan.Series.Add(series);
        plan.Announce(listing, day);
        plan.Add(
            new PartitionKey(listing, day),
            _upsert!.Bind(
                series.Metric, series.Dimension, series.Grain, Times.DayName(day), Times.ToTimestamp(row.WindowStart), Text.Of(row.Value), Text.Of(row.Topic), row.Partition,
                row.Aggregate.Count, row.Aggregate.Sum, row.Aggregate.SumOfSquares, row.Aggregate.Min, row.Aggregate.Max, row.IsFinal, row.IsLateUpdate, row.Sketch.ToArray(),
                plan.TakeWriteTime(), TimeToLive.Seconds(row.WindowStart, storage.WindowRetention, plan.Now)),
            RowBytes + row.Sketch.Length);
    }
}
