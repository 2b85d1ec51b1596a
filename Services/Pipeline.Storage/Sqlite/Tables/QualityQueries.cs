using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Reads quality results merged over the source partitions, newest window first.</summary>
internal sealed class QualityQueries(SqliteDatabase database)
{
    internal const string AllSql = Columns + Range;
    internal const string ByRuleSql = Columns + "rule_id = ?5 AND " + Range;

    private const string Columns =
        """
        SELECT rule_id, window_start, sum(checked), sum(failed)
        FROM quality_results
        WHERE 
        """;

    // Grouped in the order of the key, so that a page reads no more rows than it shows.
    private const string Range =
        """
        window_start >= ?1 AND (window_start, rule_id) < (?2, ?3)
        GROUP BY window_start, rule_id
        ORDER BY window_start DESC, rule_id DESC
        LIMIT ?4
        """;

    private readonly SqliteStatement _all = database.Prepare(AllSql);
    private readonly SqliteStatement _byRule = database.Prepare(ByRuleSql);

    public Page<QualityResult> Query(QualityQuery query)
    {
        var (before, beforeRule) = (query.To ?? long.MaxValue, "");
        if (query.Cursor is not null)
        {
            var cursor = Cursor.Read(Cursor.Kind.Quality, query.Cursor);
            var (start, rule) = (cursor.Int64(), cursor.Text());
            cursor.End();
            (before, beforeRule) = start < before ? (start, rule) : (before, beforeRule);
        }

        var page = new PageBuilder<QualityResult>(query.Limit);
        var read = query.RuleId is { } ruleId ? _byRule.BindOnce(5, ruleId) : _all;
        read.Bind(1, query.From ?? long.MinValue).Bind(2, before).BindOnce(3, beforeRule).Bind(4, page.Capacity);
        while (read.Step())
        {
            page.Add(new QualityResult(read.GetString(0), read.GetInt64(1), read.GetInt64(2), read.GetInt64(3)));
        }

        return page.Build(last => Cursor.Write(Cursor.Kind.Quality).Add(last.WindowStart).Add(last.RuleId).ToString(), row => row);
    }
}
