-- The metadata tables, named as Airflow's where the thing is the same. Times are Unix ms, UTC. Event rows never come here.
CREATE TABLE dag (
    dag_id            TEXT    NOT NULL PRIMARY KEY,
    description       TEXT    NOT NULL,
    timetable_summary TEXT    NOT NULL,
    start_date        INTEGER,
    catchup           INTEGER NOT NULL,
    max_active_runs   INTEGER NOT NULL,
    last_parsed_time  INTEGER NOT NULL
) STRICT;

CREATE TABLE dag_run (
    dag_id              TEXT    NOT NULL,
    run_id              TEXT    NOT NULL,
    run_type            TEXT    NOT NULL CHECK (run_type IN ('scheduled', 'manual', 'backfill')),
    state               TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'success', 'failed')),
    logical_date        INTEGER NOT NULL,
    data_interval_start INTEGER NOT NULL,
    data_interval_end   INTEGER NOT NULL,
    queued_at           INTEGER NOT NULL,
    start_date          INTEGER,
    end_date            INTEGER,
    conf                TEXT,
    context_carrier     TEXT,
    -- The scheduler that runs it, and until when it may be thought alive (see job).
    claimed_by          TEXT,
    lease_expires_at    INTEGER,
    PRIMARY KEY (dag_id, run_id)
) STRICT;

CREATE INDEX dag_run_by_date ON dag_run (dag_id, logical_date);

-- The two states that the scheduler looks for all the time; finished runs cost these indexes nothing.
CREATE INDEX dag_run_unfinished ON dag_run (state, queued_at) WHERE state IN ('queued', 'running');

CREATE TABLE task_instance (
    dag_id        TEXT    NOT NULL,
    run_id        TEXT    NOT NULL,
    task_id       TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN
        ('none', 'scheduled', 'queued', 'running', 'up_for_retry', 'success', 'failed', 'upstream_failed', 'skipped')),
    try_number    INTEGER NOT NULL,
    max_tries     INTEGER NOT NULL,
    queued_dttm   INTEGER,
    start_date    INTEGER,
    end_date      INTEGER,
    next_retry_at INTEGER,
    error         TEXT,
    PRIMARY KEY (dag_id, run_id, task_id),
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE xcom (
    dag_id    TEXT    NOT NULL,
    run_id    TEXT    NOT NULL,
    task_id   TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    timestamp INTEGER NOT NULL,
    PRIMARY KEY (dag_id, run_id, task_id, key),
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What a try logged, line by line.
CREATE TABLE task_instance_log (
    dag_id     TEXT    NOT NULL,
    run_id     TEXT    NOT NULL,
    task_id    TEXT    NOT NULL,
    try_number INTEGER NOT NULL,
    line       INTEGER NOT NULL,
    timestamp  INTEGER NOT NULL,
    level      TEXT    NOT NULL,
    message    TEXT    NOT NULL,
    PRIMARY KEY (dag_id, run_id, task_id, try_number, line),
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Who did what: triggers, adoptions, prunings (Airflow's audit log).
CREATE TABLE log (
    id      INTEGER PRIMARY KEY,
    dttm    INTEGER NOT NULL,
    event   TEXT    NOT NULL,
    dag_id  TEXT,
    run_id  TEXT,
    task_id TEXT,
    owner   TEXT    NOT NULL,
    extra   TEXT
) STRICT;

CREATE INDEX log_by_time ON log (dttm);

-- Scheduler instances and their heartbeats.
CREATE TABLE job (
    id               TEXT    NOT NULL PRIMARY KEY,
    job_type         TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('running', 'success', 'failed')),
    hostname         TEXT    NOT NULL,
    pid              INTEGER NOT NULL,
    -- Start of the operating system's process: tells a process from a later one with the same pid.
    process_start    INTEGER NOT NULL,
    start_date       INTEGER NOT NULL,
    end_date         INTEGER,
    latest_heartbeat INTEGER NOT NULL
) STRICT;
