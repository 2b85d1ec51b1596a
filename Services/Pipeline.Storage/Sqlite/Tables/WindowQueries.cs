using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Reads windows in the order of their key, which puts the source partitions of a window next to each other to be merged.</summary>
internal sealed class WindowQueries(SqliteDatabase database)
{
    internal const string Sql =
        """
        SELECT window_start, value, count, sum, sum_of_squares, min, max, is_final, is_late_update, sketch
        FROM windowed_metrics
        WHERE metric = ?1 AND dimension = ?2 AND grain = ?3 AND (window_start, value) >= (?4, ?5) AND window_start < ?6
        ORDER BY window_start, value, topic, partition
        """;

    private readonly SqliteStatement _read = database.Prepare(Sql);

    public Page<WindowResult> Query(WindowQuery query)
    {
        // The cursor is the key of the first window of the next page.
        var (start, value) = (query.From ?? long.MinValue, "");
        if (query.Cursor is not null)
        {
            var cursor = Cursor.Read(Cursor.Kind.Windows, query.Cursor);
            (start, value) = (cursor.Int64(), cursor.Text());
            cursor.End();
            if (start < query.From)
            {
                (start, value) = (query.From.Value, "");
            }
        }

        _read.BindOnce(1, query.Metric).BindOnce(2, query.Dimension).BindOnce(3, query.Grain)
            .Bind(4, start).BindOnce(5, value).Bind(6, query.To ?? long.MaxValue);
        var windows = new List<WindowResult>();
        List<byte[]> sketches = [];
        var current = default(WindowResult);
        while (_read.Step())
        {
            var row = Read(query);
            if (current is not null && row.WindowStart == current.WindowStart && row.Value == current.Value)
            {
                current = Merge(current, row);
            }
            else if (windows.Count + (current is null ? 0 : 1) == query.Limit)
            {
                _read.Reset();
                windows.Add(current! with { Sketches = sketches });
                return new Page<WindowResult>(windows, Cursor.Write(Cursor.Kind.Windows).Add(row.WindowStart).Add(row.Value).ToString());
            }
            else
            {
                if (current is not null)
                {
                    windows.Add(current with { Sketches = sketches });
                }

                (current, sketches) = (row, []);
            }

            if (_read.GetBytes(9) is { Length: > 0 } sketch)
            {
                sketches.Add(sketch.ToArray());
            }
        }

        if (current is not null)
        {
            windows.Add(current with { Sketches = sketches });
        }

        return new Page<WindowResult>(windows, Cursor: null);
    }

    private static WindowResult Merge(WindowResult left, WindowResult right) => left with
    {
        Aggregate = left.Aggregate.Merge(right.Aggregate),
        IsFinal = left.IsFinal && right.IsFinal,
        IsLateUpdate = left.IsLateUpdate || right.IsLateUpdate,
    };

    private WindowResult Read(WindowQuery query) => new(
        query.Metric,
        query.Dimension,
        _read.GetString(1),
        query.Grain,
        _read.GetInt64(0),
        new Aggregate(_read.GetInt64(2), _read.GetNumber(3), _read.GetNumber(4), _read.GetNumber(5), _read.GetNumber(6)),
        _read.GetBoolean(7),
        _read.GetBoolean(8),
        []);
}
