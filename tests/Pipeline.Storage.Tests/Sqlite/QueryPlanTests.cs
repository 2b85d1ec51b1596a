using Pipeline.Sqlite;
using Pipeline.Storage.Sqlite;
using Pipeline.Storage.Sqlite.Events;
using Pipeline.Storage.Sqlite.Tables;
using Pipeline.Testing;

namespace Pipeline.Storage.Tests.Sqlite;

/// <summary>Every query that a user can ask for seeks in an index and reads in its order: no full scan, no sort, however large the tables.</summary>
public sealed class QueryPlanTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, string> Queries() => new()
    {
        { EventQueries.ByKeySql, "user_events_key (event_time=? AND event_id=?)" },
        { EventQueries.ByRowSql, "PRIMARY KEY (rowid=?)" },
        { EventQueries.ByTimeSql, "user_events_key (event_time>? AND (event_time,event_id)<(?,?))" },
        { EventIndexReader.BlocksSql, "PRIMARY KEY (run=? AND (first_hash,first_time,first_row)<(?,?,?))" },
        { WindowQueries.Sql, "PRIMARY KEY (metric=? AND dimension=? AND grain=? AND (window_start,value)>(?,?) AND window_start<?)" },
        { SessionQueries.ByStartSql, "PRIMARY KEY (start>? AND (start,session_id)<(?,?))" },
        { SessionQueries.ByUserSql, "user_sessions_by_user (user_id=? AND start>? AND (start,session_id)<(?,?))" },
        { LateQueries.Sql, "PRIMARY KEY (event_time>? AND (event_time,topic,partition,offset)<(?,?,?,?))" },
        { DeadLetterQueries.AllSql, "PRIMARY KEY (ingested_at>? AND (ingested_at,topic,partition,offset)<(?,?,?,?))" },
        { DeadLetterQueries.ByReasonSql, "dead_letters_by_reason (reason_code=? AND ingested_at>? AND (ingested_at,topic,partition,offset)<(?,?,?,?))" },
        { DeadLetterQueries.ByRuleSql, "dead_letters_by_rule (rule_id=? AND ingested_at>? AND (ingested_at,topic,partition,offset)<(?,?,?,?))" },
        { DeadLetterQueries.ByBothSql, "dead_letters_by_rule (rule_id=? AND ingested_at>? AND (ingested_at,topic,partition,offset)<(?,?,?,?))" },
        { QualityQueries.AllSql, "PRIMARY KEY (window_start>? AND (window_start,rule_id)<(?,?))" },
        { QualityQueries.ByRuleSql, "quality_results_by_rule (rule_id=? AND window_start>? AND window_start<?)" },
    };

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task Query_OnAnyTable_SeeksInTheIndexMeantForIt(string sql, string expected)
    {
        await using var store = SqliteStores.Create(_directory.FullPath);
        await store.InitializeAsync(TestContext.Current.CancellationToken);
        using var database = SqliteStores.Open(_directory.FullPath);

        var plan = SqliteStores.Column(database, "EXPLAIN QUERY PLAN " + sql, column: 3);

        Assert.Contains(expected, plan[0]);
        Assert.DoesNotContain(plan, step => step.Contains("SCAN", StringComparison.Ordinal) || step.Contains("TEMP B-TREE", StringComparison.Ordinal));
    }
}
