using Pipeline.Sqlite;

namespace Pipeline.Storage.Sqlite.Tables;

/// <summary>Reads the index of dead letters by append time, newest first; all, or of one reason or rule.</summary>
internal sealed class DeadLetterQueries(SqliteDatabase database)
{
    internal const string AllSql = Columns + Range;
    internal const string ByReasonSql = Columns + "reason_code = ?7 AND " + Range;
    internal const string ByRuleSql = Columns + "rule_id = ?8 AND " + Range;

    // The unary plus keeps the reason out of the choice of an index: a rule is narrower.
    internal const string ByBothSql = Columns + "rule_id = ?8 AND +reason_code = ?7 AND " + Range;

    private const string Columns =
        """
        SELECT topic, partition, "offset", reason_code, rule_id, message, error_offset, ingested_at, failed_at, record_key, record_value
        FROM dead_letters
        WHERE 
        """;

    private const string Range =
        """
        ingested_at >= ?1 AND (ingested_at, topic, partition, "offset") < (?2, ?3, ?4, ?5)
        ORDER BY ingested_at DESC, topic DESC, partition DESC, "offset" DESC
        LIMIT ?6
        """;

    private readonly SqliteStatement _all = database.Prepare(AllSql);
    private readonly SqliteStatement _byReason = database.Prepare(ByReasonSql);
    private readonly SqliteStatement _byRule = database.Prepare(ByRuleSql);
    private readonly SqliteStatement _byBoth = database.Prepare(ByBothSql);

    public Page<DeadLetterEntry> Query(DeadLetterQuery query)
    {
        var before = RecordPlace.Before(query, Cursor.Kind.DeadLetters);
        var page = new PageBuilder<DeadLetterEntry>(query.Limit);
        var read = (query.ReasonCode, query.RuleId) switch
        {
            (null, null) => _all,
            ({ } reason, null) => _byReason.BindOnce(7, reason),
            (null, { } rule) => _byRule.BindOnce(8, rule),
            ({ } reason, { } rule) => _byBoth.BindOnce(7, reason).BindOnce(8, rule),
        };
        read.Bind(1, query.From ?? long.MinValue)
            .Bind(2, before.Time).BindOnce(3, before.Topic).Bind(4, before.Partition).Bind(5, before.Offset)
            .Bind(6, page.Capacity);
        while (!page.IsFull && read.Step())
        {
            var (key, value) = (read.GetBytes(9).ToArray(), read.GetBytes(10).ToArray());
            page.Add(
                new DeadLetterEntry(
                    read.GetString(0),
                    read.GetInt32(1),
                    read.GetInt64(2),
                    read.GetString(3),
                    read.GetString(4),
                    read.GetString(5),
                    read.GetInt32(6),
                    read.GetInt64(7),
                    read.GetInt64(8),
                    key,
                    value),
                key.Length + value.Length);
        }

        read.Reset();
        return page.Build(last => new RecordPlace(last.IngestedAt, last.Topic, last.Partition, last.Offset).ToCursor(Cursor.Kind.DeadLetters), row => row);
    }
}
