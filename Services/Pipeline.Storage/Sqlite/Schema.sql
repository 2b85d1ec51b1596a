-- results.db, version 1. Times are Unix milliseconds UTC, ids are 16 bytes big-endian. docs/storage-layout.md explains the keys.

-- Rows lie in the order they were written; the key is an index of its own, so that a row is appended whatever its time is.
CREATE TABLE user_events (
    row INTEGER PRIMARY KEY,
    event_time INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    attributes INTEGER NOT NULL,
    ingested_at INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    event_data BLOB NOT NULL
);

CREATE UNIQUE INDEX user_events_key ON user_events (event_time, event_id);

-- The combinations of attributes that occur, each once.
CREATE TABLE event_attributes (
    attributes INTEGER PRIMARY KEY,
    event_type TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    nationality TEXT NOT NULL,
    country TEXT NOT NULL,
    region TEXT NOT NULL,
    gender TEXT NOT NULL,
    age_band TEXT NOT NULL,
    UNIQUE (topic, partition, event_type, nationality, country, region, gender, age_band)
);

-- Sorted runs of (hash, event_time, row): index 1 by user, index 2 by event id where the id does not begin with the event time.
CREATE TABLE event_index_runs (
    index_kind INTEGER NOT NULL,
    tier INTEGER NOT NULL,
    run INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    min_time INTEGER NOT NULL,
    max_time INTEGER NOT NULL,
    PRIMARY KEY (index_kind, tier, run)
) WITHOUT ROWID;

CREATE TABLE event_index_blocks (
    run INTEGER NOT NULL,
    first_hash INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    first_row INTEGER NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (run, first_hash, first_time, first_row)
) WITHOUT ROWID;

CREATE TABLE windowed_metrics (
    metric TEXT NOT NULL,
    dimension TEXT NOT NULL,
    grain TEXT NOT NULL,
    window_start INTEGER NOT NULL,
    value TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    count INTEGER NOT NULL,
    sum REAL,
    sum_of_squares REAL,
    min REAL,
    max REAL,
    is_final INTEGER NOT NULL,
    is_late_update INTEGER NOT NULL,
    sketch BLOB NOT NULL,
    PRIMARY KEY (metric, dimension, grain, window_start, value, topic, partition)
) WITHOUT ROWID;

CREATE TABLE user_sessions (
    start INTEGER NOT NULL,
    session_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    "end" INTEGER NOT NULL,
    events INTEGER NOT NULL,
    event_types TEXT NOT NULL,
    entry_type TEXT NOT NULL,
    exit_type TEXT NOT NULL,
    is_closed INTEGER NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    PRIMARY KEY (start, session_id)
) WITHOUT ROWID;

CREATE INDEX user_sessions_by_user ON user_sessions (user_id, start, session_id);

CREATE TABLE late_events (
    event_time INTEGER NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    event_type TEXT NOT NULL,
    lateness_ms INTEGER NOT NULL,
    ingested_at INTEGER NOT NULL,
    event_data BLOB NOT NULL,
    PRIMARY KEY (event_time, topic, partition, "offset")
) WITHOUT ROWID;

CREATE TABLE dead_letters (
    ingested_at INTEGER NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    reason_code TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    message TEXT NOT NULL,
    error_offset INTEGER NOT NULL,
    failed_at INTEGER NOT NULL,
    record_key BLOB NOT NULL,
    record_value BLOB NOT NULL,
    PRIMARY KEY (ingested_at, topic, partition, "offset")
) WITHOUT ROWID;

CREATE INDEX dead_letters_by_reason ON dead_letters (reason_code, ingested_at, topic, partition, "offset");

CREATE INDEX dead_letters_by_rule ON dead_letters (rule_id, ingested_at, topic, partition, "offset");

CREATE TABLE quality_results (
    window_start INTEGER NOT NULL,
    rule_id TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    checked INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (window_start, rule_id, topic, partition)
) WITHOUT ROWID;

CREATE INDEX quality_results_by_rule ON quality_results (rule_id, window_start, topic, partition);

-- Who may write a partition, and from when on its windows and sessions may be written (after a rebuild).
CREATE TABLE partition_claims (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    owner TEXT NOT NULL,
    claimed_at INTEGER NOT NULL,
    windows_from INTEGER NOT NULL,
    sessions_from INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;

CREATE TABLE partition_progress (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    watermark INTEGER NOT NULL,
    consumed INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    dead_lettered INTEGER NOT NULL,
    late INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    max_event_time INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    latency_p50 REAL,
    latency_p95 REAL,
    latency_p99 REAL,
    owner TEXT NOT NULL,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;

-- For people and SQL tools: events with their attributes and readable ids and times.
CREATE VIEW events AS
SELECT
    lower(substr(hex(e.event_id), 1, 8) || '-' || substr(hex(e.event_id), 9, 4) || '-' || substr(hex(e.event_id), 13, 4)
        || '-' || substr(hex(e.event_id), 17, 4) || '-' || substr(hex(e.event_id), 21)) AS event_id,
    lower(substr(hex(e.user_id), 1, 8) || '-' || substr(hex(e.user_id), 9, 4) || '-' || substr(hex(e.user_id), 13, 4)
        || '-' || substr(hex(e.user_id), 17, 4) || '-' || substr(hex(e.user_id), 21)) AS user_id,
    a.event_type,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.event_time / 1000.0, 'unixepoch') AS event_time,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.ingested_at / 1000.0, 'unixepoch') AS ingested_at,
    a.topic,
    a.partition,
    e."offset",
    a.nationality,
    a.country,
    a.region,
    a.gender,
    a.age_band,
    e.flags,
    CAST(e.event_data AS TEXT) AS event_data
FROM user_events AS e
JOIN event_attributes AS a ON a.attributes = e.attributes;
