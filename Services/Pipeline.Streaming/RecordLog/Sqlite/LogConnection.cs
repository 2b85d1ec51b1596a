using Pipeline.Sqlite;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>A connection to the log and its prepared statements, each compiled when it is first needed.</summary>
internal class LogConnection(SqliteDatabase database) : IDisposable
{
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LogTopic> _topics = new(StringComparer.Ordinal);

    public SqliteDatabase Database { get; } = database;

    /// <param name="sql">A literal: statements are kept by their text.</param>
    public SqliteStatement Statement(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            _statements[sql] = statement = Database.Prepare(sql);
        }

        return statement;
    }

    /// <summary>A number that changes when another connection has committed.</summary>
    public long DataVersion()
    {
        var select = Statement("PRAGMA data_version");
        select.Step();
        var version = select.GetInt64(0);
        select.Reset();
        return version;
    }

    /// <summary>A topic's partitions never change, so a topic once seen is remembered.</summary>
    /// <exception cref="RecordLogException">There is no such topic.</exception>
    public LogTopic Topic(string name)
    {
        if (!_topics.TryGetValue(name, out var topic))
        {
            _topics[name] = topic = LoadTopic(name);
        }

        return topic;
    }

    /// <exception cref="RecordLogException">There is no such partition.</exception>
    public long PartitionId(TopicPartition partition)
    {
        var topic = Topic(partition.Topic);
        return (uint)partition.Partition < (uint)topic.PartitionIds.Length ? topic.PartitionIds[partition.Partition] : throw TopicShape.Missing(partition);
    }

    public IReadOnlyDictionary<string, int> PartitionCounts()
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var select = Statement("SELECT name, partitions FROM topics");
        while (select.Step())
        {
            counts[select.GetString(0)] = select.GetInt32(1);
        }

        return counts;
    }

    /// <summary>A transaction that is rolled back must not leave what it saw behind.</summary>
    public void ForgetTopics() => _topics.Clear();

    public void Dispose() => Database.Dispose();

    private LogTopic LoadTopic(string name)
    {
        var ids = new List<long>();
        var topicId = 0L;
        var select = Statement("SELECT partition_id, topic_id FROM partitions JOIN topics USING (topic_id) WHERE name = ?1 ORDER BY number").BindText(1, name);
        while (select.Step())
        {
            ids.Add(select.GetInt64(0));
            topicId = select.GetInt64(1);
        }

        return ids.Count > 0 ? new LogTopic(topicId, [.. ids]) : throw TopicShape.Missing(name);
    }
}

/// <param name="PartitionIds">By partition number.</param>
internal sealed record LogTopic(long Id, long[] PartitionIds);
