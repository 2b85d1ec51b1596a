using Pipeline.Sqlite;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>
/// The tables of <c>log.db</c>, described in docs/storage-layout.md. One row per appended batch and partition, as in Kafka's log,
/// because a row per record costs ten times as much to write and to read.
/// </summary>
internal static class LogSchema
{
    public const string FileName = "log.db";

    /// <summary>"PLog": marks the file as a record log.</summary>
    public const int ApplicationId = 0x504C6F67;

    public static readonly SqliteMigrations Migrations = new(
        ApplicationId,
        """
        CREATE TABLE topics (
            topic_id     INTEGER PRIMARY KEY,
            name         TEXT    NOT NULL UNIQUE,
            partitions   INTEGER NOT NULL,
            retention_ms INTEGER
        );
        CREATE TABLE partitions (
            partition_id INTEGER PRIMARY KEY,
            topic_id     INTEGER NOT NULL REFERENCES topics,
            number       INTEGER NOT NULL,
            start_offset INTEGER NOT NULL DEFAULT 0,
            next_offset  INTEGER NOT NULL DEFAULT 0,
            UNIQUE (topic_id, number)
        );
        -- Small rows apart from the payloads, so that finding an offset or a time reads few pages.
        CREATE TABLE batches (
            partition_id  INTEGER NOT NULL,
            base_offset   INTEGER NOT NULL,
            record_count  INTEGER NOT NULL,
            min_timestamp INTEGER NOT NULL,
            max_timestamp INTEGER NOT NULL,
            payload_id    INTEGER NOT NULL,
            PRIMARY KEY (partition_id, base_offset)
        ) WITHOUT ROWID;
        CREATE TABLE payloads (
            payload_id INTEGER PRIMARY KEY,
            bytes      BLOB NOT NULL
        );
        CREATE TABLE group_offsets (
            group_name  TEXT    NOT NULL,
            topic       TEXT    NOT NULL,
            partition   INTEGER NOT NULL,
            next_offset INTEGER NOT NULL,
            PRIMARY KEY (group_name, topic, partition)
        ) WITHOUT ROWID;
        CREATE TABLE groups (
            group_name TEXT    PRIMARY KEY,
            generation INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE group_members (
            group_name  TEXT    NOT NULL,
            member_id   TEXT    NOT NULL,
            topics      TEXT    NOT NULL,
            lease_until INTEGER NOT NULL,
            PRIMARY KEY (group_name, member_id)
        ) WITHOUT ROWID;
        CREATE TABLE group_partitions (
            group_name TEXT    NOT NULL,
            topic      TEXT    NOT NULL,
            partition  INTEGER NOT NULL,
            owner      TEXT,
            target     TEXT,
            PRIMARY KEY (group_name, topic, partition)
        ) WITHOUT ROWID;
        """);

    /// <summary>
    /// Pages of 64 KiB and a long write-ahead log: payloads are large, and every page that is written twice (log, then file) costs
    /// disk bandwidth, which is what limits appends. Pages of 16 KiB cost four times the calls and 1 µs of CPU time more per event.
    /// </summary>
    public static SqliteDatabaseOptions Options(bool durable) => new()
    {
        Durable = durable,
        PageSize = 64 << 10,
        CheckpointBytes = 64 << 20,
        CacheBytes = 8 << 20,
        IncrementalVacuum = true,
    };
}
