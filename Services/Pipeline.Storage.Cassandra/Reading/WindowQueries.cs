using System.Runtime.CompilerServices;
using Cassandra;
using Pipeline.Storage.Cassandra.Writing;

namespace Pipeline.Storage.Cassandra.Reading;

/// <summary>Reads windows in the order of their key, which puts the source partitions of a window next to each other to be merged.</summary>
internal sealed class WindowQueries(CassandraReader reader)
{
    private const string Cql =
        """
        SELECT window_start, value, count, sum, sum_of_squares, min, max, is_final, is_late_update, sketch
        FROM metrics_by_window
        WHERE metric = ? AND dimension = ? AND grain = ? AND day = ? AND (window_start, value) >= (?, ?) AND (window_start) <= (?)
        """;

    public async ValueTask<Page<WindowResult>> QueryAsync(WindowQuery query, CancellationToken cancellationToken)
    {
        // The cursor is the key of the first window of the next page.
        var (first, last) = Times.Inclusive(query.From, query.To);
        var value = "";
        if (query.Cursor is not null)
        {
            var cursor = Cursor.Read(Cursor.Kind.Windows, query.Cursor);
            var (start, name) = (cursor.Int64(), cursor.Text());
            cursor.End();
            if (start >= first)
            {
                (first, value) = (start, name);
            }
        }

        var windows = new List<WindowResult>();
        await foreach (var row in RowsAsync(query, first, last, value, cancellationToken))
        {
            if (windows.Count > 0 && windows[^1] is var current && row.WindowStart == current.WindowStart && row.Value == current.Value)
            {
                windows[^1] = Merge(current, row);
            }
            else if (windows.Count == query.Limit)
            {
                return new Page<WindowResult>(windows, Cursor.Write(Cursor.Kind.Windows).Add(row.WindowStart).Add(row.Value).ToString());
            }
            else
            {
                windows.Add(row);
            }
        }

        return new Page<WindowResult>(windows, Cursor: null);
    }

    private async IAsyncEnumerable<WindowResult> RowsAsync(
        WindowQuery query, long first, long last, string value, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var days = await reader.BucketsAsync(new WindowSeries(query.Metric, query.Dimension, query.Grain).Listing, Times.DayOf(first), last, cancellationToken);
        days.Reverse();
        foreach (var day in days)
        {
            object[] values = [query.Metric, query.Dimension, query.Grain, Times.DayName(day), Times.ToBound(first), value, Times.ToBound(last)];
            await foreach (var row in reader.ReadAsync(Cql, values, r => 200 + r.Bytes("sketch").Length, cancellationToken))
            {
                yield return Read(row, query);
            }
        }
    }

    private static WindowResult Merge(WindowResult left, WindowResult right) => left with
    {
        Aggregate = left.Aggregate.Merge(right.Aggregate),
        IsFinal = left.IsFinal && right.IsFinal,
        IsLateUpdate = left.IsLateUpdate || right.IsLateUpdate,
        Sketches = [.. left.Sketches, .. right.Sketches],
    };

    private static WindowResult Read(Row row, WindowQuery query) => new(
        query.Metric,
        query.Dimension,
        row.Text("value"),
        query.Grain,
        row.Time("window_start"),
        new Aggregate(
            row.GetValue<long>("count"), row.GetValue<double>("sum"), row.GetValue<double>("sum_of_squares"), row.GetValue<double>("min"), row.GetValue<double>("max")),
        row.GetValue<bool>("is_final"),
        row.GetValue<bool>("is_late_update"),
        row.Bytes("sketch") is { Length: > 0 } sketch ? [sketch] : []);
}
