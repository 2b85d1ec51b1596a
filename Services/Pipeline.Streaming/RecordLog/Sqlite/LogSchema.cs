using Pipeline.Sqlite;

namespace Pipeline.Streaming.RecordLog.Sqlite;

/// <summary>
/// The tables of <c>log.db</c>, described in docs/storage-layout.md. One row per appended batch and partition, as in Kafka's log,
/// because a row per record costs ten times as much to write and to read. The batches themselves lie in segment files
/// (<see cref="SegmentFiles"/>); what version 1 wrote still lies in <c>payloads</c>, is read from there, and goes with its retention.
/// </summary>
internal static class LogSchema
{
    public const string FileName = "log.db";

    /// <summary>"PLog": marks the file as a record log.</summary>
    public const int ApplicationId = 0x504C6F67;

    public static readonly string[] Scripts =
    [
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
        """,
        """
        -- Where this log's segment files lie. A log.db made anew never touches the files of the one before.
        CREATE TABLE segment_directory (name TEXT NOT NULL);
        INSERT INTO segment_directory VALUES (lower(hex(randomblob(8))));
        -- Numbers are never used again: a reader may still have the file of a removed one open.
        CREATE TABLE segments (
            segment_id INTEGER PRIMARY KEY AUTOINCREMENT,
            topic_id   INTEGER NOT NULL REFERENCES topics,
            length     INTEGER NOT NULL,
            batches    INTEGER NOT NULL
        );
        CREATE INDEX segments_by_topic ON segments (topic_id);
        ALTER TABLE batches RENAME TO batches_of_version_1;
        CREATE TABLE batches (
            partition_id  INTEGER NOT NULL,
            base_offset   INTEGER NOT NULL,
            record_count  INTEGER NOT NULL,
            min_timestamp INTEGER NOT NULL,
            max_timestamp INTEGER NOT NULL,
            payload_id    INTEGER,
            segment_id    INTEGER,
            position      INTEGER,
            length        INTEGER,
            PRIMARY KEY (partition_id, base_offset)
        ) WITHOUT ROWID;
        INSERT INTO batches SELECT partition_id, base_offset, record_count, min_timestamp, max_timestamp, payload_id, NULL, NULL, NULL FROM batches_of_version_1;
        DROP TABLE batches_of_version_1;
        """,
    ];

    public static readonly SqliteMigrations Migrations = new(ApplicationId, Scripts);

    /// <summary>
    /// Small pages: a commit changes a few rows in a few tables, and every page that it touches is written twice. The writer copies the
    /// write-ahead log into the file itself (<see cref="LogTransaction.Committed"/>), because segments may have to be on the disk first.
    /// </summary>
    public static SqliteDatabaseOptions Options(bool durable) => new()
    {
        Durable = durable,
        CheckpointBytes = 0,
        CacheBytes = 4 << 20,
        IncrementalVacuum = true,
    };
}
