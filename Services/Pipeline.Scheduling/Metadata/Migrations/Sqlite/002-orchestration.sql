-- Everything that an orchestrator with several instances needs. The tables of version 1 move aside, and their rows into the new ones.
DROP INDEX dag_run_by_date;
DROP INDEX dag_run_unfinished;
DROP INDEX log_by_time;
ALTER TABLE dag_run RENAME TO dag_run_1;
ALTER TABLE task_instance_log RENAME TO task_instance_log_1;
ALTER TABLE xcom RENAME TO xcom_1;
ALTER TABLE task_instance RENAME TO task_instance_1;
ALTER TABLE dag RENAME TO dag_1;
ALTER TABLE log RENAME TO log_1;
ALTER TABLE job RENAME TO job_1;

CREATE TABLE dag (
    dag_id              TEXT    NOT NULL PRIMARY KEY,
    dag_display_name    TEXT    NOT NULL,
    description         TEXT    NOT NULL,
    timetable_summary   TEXT    NOT NULL,
    asset_expression    TEXT,
    start_date          INTEGER,
    end_date            INTEGER,
    catchup             INTEGER NOT NULL,
    max_active_runs     INTEGER NOT NULL,
    max_active_tasks    INTEGER NOT NULL,
    -- JSON arrays of strings.
    tags                TEXT    NOT NULL,
    owners              TEXT    NOT NULL,
    is_paused           INTEGER NOT NULL,
    -- No process has had it in its code since the latest start of one.
    is_stale            INTEGER NOT NULL,
    last_parsed_time    INTEGER NOT NULL,
    -- The interval that was scheduled last; outlives every pruning and deletion of runs.
    last_interval_start INTEGER,
    last_interval_end   INTEGER
) STRICT;

-- The structure of a DAG as it was when runs of it began.
CREATE TABLE dag_version (
    id             INTEGER PRIMARY KEY,
    dag_id         TEXT    NOT NULL,
    version_number INTEGER NOT NULL,
    dag_hash       TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    data           TEXT    NOT NULL,
    UNIQUE (dag_id, version_number)
) STRICT;

-- DAGs of the code that could not be built.
CREATE TABLE import_error (
    id         INTEGER PRIMARY KEY,
    source     TEXT    NOT NULL UNIQUE,
    stacktrace TEXT    NOT NULL,
    timestamp  INTEGER NOT NULL
) STRICT;

CREATE TABLE backfill (
    id                 INTEGER PRIMARY KEY,
    dag_id             TEXT    NOT NULL,
    from_date          INTEGER NOT NULL,
    to_date            INTEGER NOT NULL,
    dag_run_conf       TEXT,
    is_paused          INTEGER NOT NULL,
    run_backwards      INTEGER NOT NULL,
    reprocess_behavior TEXT    NOT NULL CHECK (reprocess_behavior IN ('none', 'failed', 'completed')),
    max_active_runs    INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    completed_at       INTEGER
) STRICT;

CREATE TABLE dag_run (
    id                   INTEGER PRIMARY KEY,
    dag_id               TEXT    NOT NULL,
    run_id               TEXT    NOT NULL,
    run_type             TEXT    NOT NULL CHECK (run_type IN ('scheduled', 'manual', 'backfill', 'asset_triggered')),
    state                TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'success', 'failed')),
    logical_date         INTEGER NOT NULL,
    data_interval_start  INTEGER NOT NULL,
    data_interval_end    INTEGER NOT NULL,
    run_after            INTEGER NOT NULL,
    queued_at            INTEGER NOT NULL,
    start_date           INTEGER,
    end_date             INTEGER,
    conf                 TEXT,
    note                 TEXT,
    triggered_by         TEXT    NOT NULL,
    triggering_user_name TEXT,
    backfill_id          INTEGER REFERENCES backfill ON DELETE SET NULL,
    -- The order in which the runs of a backfill start.
    sort_ordinal         INTEGER NOT NULL DEFAULT 0,
    dag_version_id       INTEGER REFERENCES dag_version,
    context_carrier      TEXT,
    -- The scheduler that runs it (see job). The token grows with every change of owner: what an earlier owner still writes is refused.
    claimed_by           TEXT,
    fencing_token        INTEGER NOT NULL DEFAULT 0,
    -- Grows whenever somebody other than the owner changes the run or its task instances, so that the owner looks again.
    revision             INTEGER NOT NULL DEFAULT 0,
    UNIQUE (dag_id, run_id)
) STRICT;

CREATE INDEX dag_run_by_date ON dag_run (dag_id, logical_date);
CREATE INDEX dag_run_by_dag ON dag_run (dag_id, id);
CREATE INDEX dag_run_by_logical_date ON dag_run (logical_date);
CREATE INDEX dag_run_by_run_after ON dag_run (dag_id, run_after);
CREATE INDEX dag_run_by_state ON dag_run (dag_id, state);
CREATE INDEX dag_run_by_end ON dag_run (end_date) WHERE state IN ('success', 'failed');
CREATE INDEX dag_run_by_backfill ON dag_run (backfill_id, state) WHERE backfill_id IS NOT NULL;

-- The two states that the scheduler looks for all the time; finished runs cost these indexes nothing.
CREATE INDEX dag_run_unfinished ON dag_run (state, dag_id) WHERE state IN ('queued', 'running');
CREATE INDEX dag_run_by_owner ON dag_run (claimed_by) WHERE state = 'running';

CREATE TABLE backfill_dag_run (
    id               INTEGER PRIMARY KEY,
    backfill_id      INTEGER NOT NULL REFERENCES backfill ON DELETE CASCADE,
    logical_date     INTEGER NOT NULL,
    run_id           TEXT,
    -- Why there is no run for this date.
    exception_reason TEXT,
    sort_ordinal     INTEGER NOT NULL,
    UNIQUE (backfill_id, logical_date)
) STRICT;

CREATE TABLE task_instance (
    dag_id          TEXT    NOT NULL,
    run_id          TEXT    NOT NULL,
    task_id         TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN
        ('none', 'scheduled', 'queued', 'running', 'up_for_retry', 'success', 'failed', 'upstream_failed', 'skipped', 'removed')),
    try_number      INTEGER NOT NULL,
    max_tries       INTEGER NOT NULL,
    scheduled_dttm  INTEGER,
    queued_dttm     INTEGER,
    start_date      INTEGER,
    end_date        INTEGER,
    next_retry_at   INTEGER,
    error           TEXT,
    pool            TEXT    NOT NULL DEFAULT 'default_pool',
    pool_slots      INTEGER NOT NULL DEFAULT 1,
    priority_weight INTEGER NOT NULL DEFAULT 1,
    hostname        TEXT,
    pid             INTEGER,
    note            TEXT,
    PRIMARY KEY (dag_id, run_id, task_id),
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX task_instance_unfinished ON task_instance (pool, state, pool_slots) WHERE state IN ('scheduled', 'queued', 'running');

-- Tries that ended and were followed by another.
CREATE TABLE task_instance_history (
    dag_id          TEXT    NOT NULL,
    run_id          TEXT    NOT NULL,
    task_id         TEXT    NOT NULL,
    try_number      INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    max_tries       INTEGER NOT NULL,
    scheduled_dttm  INTEGER,
    queued_dttm     INTEGER,
    start_date      INTEGER,
    end_date        INTEGER,
    next_retry_at   INTEGER,
    error           TEXT,
    pool            TEXT    NOT NULL,
    pool_slots      INTEGER NOT NULL,
    priority_weight INTEGER NOT NULL,
    hostname        TEXT,
    pid             INTEGER,
    note            TEXT,
    PRIMARY KEY (dag_id, run_id, task_id, try_number),
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE xcom (
    dag_id    TEXT    NOT NULL,
    run_id    TEXT    NOT NULL,
    task_id   TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    timestamp INTEGER NOT NULL,
    PRIMARY KEY (dag_id, run_id, task_id, key),
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
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
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE slot_pool (
    pool        TEXT    NOT NULL PRIMARY KEY,
    -- Task instances that may run at once, each counting its pool_slots; -1 is no limit.
    slots       INTEGER NOT NULL CHECK (slots >= -1),
    description TEXT
) STRICT;

INSERT INTO slot_pool (pool, slots, description) VALUES ('default_pool', 128, 'Default pool');

-- Who did what and why (Airflow's audit log).
CREATE TABLE log (
    id         INTEGER PRIMARY KEY,
    dttm       INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    dag_id     TEXT,
    run_id     TEXT,
    task_id    TEXT,
    try_number INTEGER,
    owner      TEXT    NOT NULL,
    reason     TEXT,
    extra      TEXT
) STRICT;

CREATE INDEX log_by_time ON log (dttm);
CREATE INDEX log_by_dag ON log (dag_id, id);

-- Scheduler instances. Whoever watches one counts it as dead when its beat has stood still for the lease, by the watcher's own clock.
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
    latest_heartbeat INTEGER NOT NULL,
    beat             INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE asset (
    id         INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    uri        TEXT    NOT NULL,
    asset_group TEXT   NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE task_outlet_asset_reference (
    asset_id INTEGER NOT NULL REFERENCES asset ON DELETE CASCADE,
    dag_id   TEXT   NOT NULL,
    task_id  TEXT   NOT NULL,
    PRIMARY KEY (asset_id, dag_id, task_id)
) STRICT;

CREATE TABLE dag_schedule_asset_reference (
    asset_id INTEGER NOT NULL REFERENCES asset ON DELETE CASCADE,
    dag_id   TEXT   NOT NULL,
    PRIMARY KEY (asset_id, dag_id)
) STRICT;

CREATE TABLE asset_event (
    id             INTEGER PRIMARY KEY,
    asset_id       INTEGER NOT NULL REFERENCES asset ON DELETE CASCADE,
    extra          TEXT,
    source_dag_id  TEXT,
    source_run_id  TEXT,
    source_task_id TEXT,
    timestamp      INTEGER NOT NULL
) STRICT;

CREATE INDEX asset_event_by_asset ON asset_event (asset_id, id);

-- Updates that a DAG which waits for assets has not been run for yet.
CREATE TABLE asset_dag_run_queue (
    asset_id      INTEGER NOT NULL REFERENCES asset ON DELETE CASCADE,
    target_dag_id TEXT   NOT NULL,
    event_id      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (asset_id, target_dag_id, event_id)
) STRICT;

CREATE TABLE dagrun_asset_event (
    dag_run_id INTEGER NOT NULL REFERENCES dag_run ON DELETE CASCADE,
    event_id   INTEGER NOT NULL REFERENCES asset_event ON DELETE CASCADE,
    PRIMARY KEY (dag_run_id, event_id)
) STRICT;

CREATE INDEX asset_dag_run_queue_by_event ON asset_dag_run_queue (event_id);
CREATE INDEX dagrun_asset_event_by_event ON dagrun_asset_event (event_id);

-- Runs that have to be done by a time.
CREATE TABLE deadline (
    id            INTEGER PRIMARY KEY,
    dag_id        TEXT    NOT NULL,
    run_id        TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    deadline_time INTEGER NOT NULL,
    missed_at     INTEGER,
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX deadline_open ON deadline (deadline_time) WHERE missed_at IS NULL;
CREATE INDEX deadline_by_run ON deadline (dag_id, run_id);

INSERT INTO dag (dag_id, dag_display_name, description, timetable_summary, start_date, catchup, max_active_runs, max_active_tasks, tags, owners, is_paused, is_stale,
    last_parsed_time, last_interval_start, last_interval_end)
SELECT d.dag_id, d.dag_id, d.description, d.timetable_summary, d.start_date, d.catchup, d.max_active_runs, 16, '[]', '[]', FALSE, FALSE, d.last_parsed_time,
    (SELECT r.data_interval_start FROM dag_run_1 r WHERE r.dag_id = d.dag_id AND r.run_type = 'scheduled' ORDER BY r.logical_date DESC LIMIT 1),
    (SELECT r.data_interval_end FROM dag_run_1 r WHERE r.dag_id = d.dag_id AND r.run_type = 'scheduled' ORDER BY r.logical_date DESC LIMIT 1)
FROM dag_1 d;

INSERT INTO dag_run (dag_id, run_id, run_type, state, logical_date, data_interval_start, data_interval_end, run_after, queued_at, start_date, end_date, conf,
    triggered_by, context_carrier)
SELECT dag_id, run_id, run_type, state, logical_date, data_interval_start, data_interval_end,
    CASE run_type WHEN 'scheduled' THEN data_interval_end ELSE queued_at END, queued_at, start_date, end_date, conf,
    CASE run_type WHEN 'scheduled' THEN 'timetable' ELSE 'rest_api' END, context_carrier
FROM dag_run_1
ORDER BY queued_at;

INSERT INTO task_instance (dag_id, run_id, task_id, state, try_number, max_tries, queued_dttm, start_date, end_date, next_retry_at, error)
SELECT dag_id, run_id, task_id, state, try_number, max_tries, queued_dttm, start_date, end_date, next_retry_at, error FROM task_instance_1;

INSERT INTO xcom SELECT * FROM xcom_1;
INSERT INTO task_instance_log SELECT * FROM task_instance_log_1;
INSERT INTO log (id, dttm, event, dag_id, run_id, task_id, owner, extra) SELECT id, dttm, event, dag_id, run_id, task_id, owner, extra FROM log_1;
INSERT INTO job (id, job_type, state, hostname, pid, process_start, start_date, end_date, latest_heartbeat)
SELECT id, job_type, state, hostname, pid, process_start, start_date, end_date, latest_heartbeat FROM job_1;

DROP TABLE task_instance_log_1;
DROP TABLE xcom_1;
DROP TABLE task_instance_1;
DROP TABLE dag_run_1;
DROP TABLE dag_1;
DROP TABLE log_1;
DROP TABLE job_1;

-- Which state may follow which. A statement that writes anything else is refused by the database itself, whoever sends it.
CREATE TABLE task_instance_transition (
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    PRIMARY KEY (from_state, to_state)
) STRICT, WITHOUT ROWID;

INSERT INTO task_instance_transition (from_state, to_state) VALUES
    ('none', 'scheduled'), ('none', 'queued'), ('none', 'running'), ('none', 'upstream_failed'), ('none', 'skipped'), ('none', 'removed'), ('none', 'success'), ('none', 'failed'),
    ('scheduled', 'none'), ('scheduled', 'queued'), ('scheduled', 'running'), ('scheduled', 'success'), ('scheduled', 'failed'), ('scheduled', 'skipped'), ('scheduled', 'removed'),
    ('queued', 'none'), ('queued', 'scheduled'), ('queued', 'running'), ('queued', 'success'), ('queued', 'failed'), ('queued', 'skipped'), ('queued', 'removed'),
    ('running', 'none'), ('running', 'success'), ('running', 'failed'), ('running', 'up_for_retry'), ('running', 'skipped'),
    ('up_for_retry', 'none'), ('up_for_retry', 'scheduled'), ('up_for_retry', 'queued'), ('up_for_retry', 'running'), ('up_for_retry', 'success'), ('up_for_retry', 'failed'), ('up_for_retry', 'skipped'), ('up_for_retry', 'removed'),
    ('success', 'none'), ('success', 'failed'), ('success', 'skipped'),
    ('failed', 'none'), ('failed', 'success'), ('failed', 'skipped'),
    ('upstream_failed', 'none'), ('upstream_failed', 'success'), ('upstream_failed', 'failed'), ('upstream_failed', 'skipped'),
    ('skipped', 'none'), ('skipped', 'success'), ('skipped', 'failed'),
    ('removed', 'none');

CREATE TABLE dag_run_transition (
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    PRIMARY KEY (from_state, to_state)
) STRICT, WITHOUT ROWID;

INSERT INTO dag_run_transition (from_state, to_state) VALUES
    ('queued', 'running'), ('queued', 'success'), ('queued', 'failed'), ('running', 'success'), ('running', 'failed'), ('success', 'queued'), ('success', 'failed'), ('failed', 'queued'), ('failed', 'success');

CREATE TRIGGER dag_run_first_state BEFORE INSERT ON dag_run
WHEN NEW.state <> 'queued'
BEGIN
    SELECT RAISE(ABORT, 'a new dag_run is queued');
END;

CREATE TRIGGER dag_run_next_state BEFORE UPDATE OF state ON dag_run
WHEN NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM dag_run_transition WHERE from_state = OLD.state AND to_state = NEW.state)
BEGIN
    SELECT RAISE(ABORT, 'illegal transition of a dag_run');
END;

CREATE TRIGGER task_instance_first_state BEFORE INSERT ON task_instance
WHEN NEW.state <> 'none'
BEGIN
    SELECT RAISE(ABORT, 'a new task_instance is none');
END;

CREATE TRIGGER task_instance_next_state BEFORE UPDATE OF state ON task_instance
WHEN NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM task_instance_transition WHERE from_state = OLD.state AND to_state = NEW.state)
BEGIN
    SELECT RAISE(ABORT, 'illegal transition of a task_instance');
END;
