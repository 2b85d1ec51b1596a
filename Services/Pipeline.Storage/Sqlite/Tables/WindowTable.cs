using System.Runtime.InteropServices;
using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Writes windowed metrics; a later write of the same window and source partition replaces the row.</summary>
internal sealed class WindowTable(SqliteDatabase database, Utf8Cache utf8)
{
    private readonly SqliteStatement _upsert = database.Prepare(
        """
        INSERT INTO windowed_metrics (metric, dimension, grain, window_start, value, topic, partition,
            count, sum, sum_of_squares, min, max, is_final, is_late_update, sketch)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
        ON CONFLICT DO UPDATE SET
            count = excluded.count, sum = excluded.sum, sum_of_squares = excluded.sum_of_squares, min = excluded.min, max = excluded.max,
            is_final = excluded.is_final, is_late_update = excluded.is_late_update, sketch = excluded.sketch
        """);

    /// <param name="from">Windows that start before this are left as they are: after a rebuild, the log holds only a part of them.</param>
    public void Write(List<WindowRow> rows, long from)
    {
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(rows))
        {
            if (row.WindowStart >= from)
            {
                Write(in row);
            }
        }
    }

    private void Write(in WindowRow row)
        => _upsert.BindText(1, utf8[row.Metric]).BindText(2, utf8[row.Dimension]).BindText(3, utf8[row.Grain]).Bind(4, row.WindowStart)
            .BindText(5, utf8[row.Value]).BindText(6, utf8[row.Topic]).Bind(7, row.Partition)
            .Bind(8, row.Aggregate.Count).Bind(9, row.Aggregate.Sum).Bind(10, row.Aggregate.SumOfSquares)
            .Bind(11, row.Aggregate.Min).Bind(12, row.Aggregate.Max)
            .Bind(13, row.IsFinal).Bind(14, row.IsLateUpdate).BindBlob(15, row.Sketch.Span)
            .Execute();
}
