-- The metadata tables, named as Airflow's where the thing is the same. Times are Unix ms, UTC. Event rows never come here.

CREATE TABLE dag (
    dag_id              TEXT    NOT NULL PRIMARY KEY,
    dag_display_name    TEXT    NOT NULL,
    description         TEXT    NOT NULL,
    timetable_summary   TEXT    NOT NULL,
    asset_expression    TEXT,
    start_date          BIGINT,
    end_date            BIGINT,
    catchup             BOOLEAN NOT NULL,
    max_active_runs     INTEGER NOT NULL,
    max_active_tasks    INTEGER NOT NULL,
    -- JSON arrays of strings.
    tags                TEXT    NOT NULL,
    owners              TEXT    NOT NULL,
    is_paused           BOOLEAN NOT NULL,
    -- No process has had it in its code since the latest start of one.
    is_stale            BOOLEAN NOT NULL,
    last_parsed_time    BIGINT  NOT NULL,
    -- The interval that was scheduled last; outlives every pruning and deletion of runs.
    last_interval_start BIGINT,
    last_interval_end   BIGINT
);

-- The structure of a DAG as it was when runs of it began.
CREATE TABLE dag_version (
    id             BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dag_id         TEXT    NOT NULL,
    version_number INTEGER NOT NULL,
    dag_hash       TEXT    NOT NULL,
    created_at     BIGINT  NOT NULL,
    data           TEXT    NOT NULL,
    UNIQUE (dag_id, version_number)
);

-- DAGs of the code that could not be built.
CREATE TABLE import_error (
    id         BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source     TEXT    NOT NULL UNIQUE,
    stacktrace TEXT    NOT NULL,
    timestamp  BIGINT  NOT NULL
);

CREATE TABLE backfill (
    id                 BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dag_id             TEXT    NOT NULL,
    from_date          BIGINT  NOT NULL,
    to_date            BIGINT  NOT NULL,
    dag_run_conf       TEXT,
    is_paused          BOOLEAN NOT NULL,
    run_backwards      BOOLEAN NOT NULL,
    reprocess_behavior TEXT    NOT NULL CHECK (reprocess_behavior IN ('none', 'failed', 'completed')),
    max_active_runs    INTEGER NOT NULL,
    created_at         BIGINT  NOT NULL,
    updated_at         BIGINT  NOT NULL,
    completed_at       BIGINT
);

CREATE TABLE dag_run (
    id                   BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dag_id               TEXT    NOT NULL,
    run_id               TEXT    NOT NULL,
    run_type             TEXT    NOT NULL CHECK (run_type IN ('scheduled', 'manual', 'backfill', 'asset_triggered')),
    state                TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'success', 'failed')),
    logical_date         BIGINT  NOT NULL,
    data_interval_start  BIGINT  NOT NULL,
    data_interval_end    BIGINT  NOT NULL,
    run_after            BIGINT  NOT NULL,
    queued_at            BIGINT  NOT NULL,
    start_date           BIGINT,
    end_date             BIGINT,
    conf                 TEXT,
    note                 TEXT,
    triggered_by         TEXT    NOT NULL,
    triggering_user_name TEXT,
    backfill_id          BIGINT  REFERENCES backfill ON DELETE SET NULL,
    -- The order in which the runs of a backfill start.
    sort_ordinal         INTEGER NOT NULL DEFAULT 0,
    dag_version_id       BIGINT  REFERENCES dag_version,
    context_carrier      TEXT,
    -- The scheduler that runs it (see job). The token grows with every change of owner: what an earlier owner still writes is refused.
    claimed_by           TEXT,
    fencing_token        BIGINT  NOT NULL DEFAULT 0,
    -- Grows whenever somebody other than the owner changes the run or its task instances, so that the owner looks again.
    revision             BIGINT  NOT NULL DEFAULT 0,
    UNIQUE (dag_id, run_id)
);

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
    id               BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    backfill_id      BIGINT  NOT NULL REFERENCES backfill ON DELETE CASCADE,
    logical_date     BIGINT  NOT NULL,
    run_id           TEXT,
    -- Why there is no run for this date.
    exception_reason TEXT,
    sort_ordinal     INTEGER NOT NULL,
    UNIQUE (backfill_id, logical_date)
);

CREATE TABLE task_instance (
    dag_id          TEXT    NOT NULL,
    run_id          TEXT    NOT NULL,
    task_id         TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN
        ('none', 'scheduled', 'queued', 'running', 'up_for_retry', 'success', 'failed', 'upstream_failed', 'skipped', 'removed')),
    try_number      INTEGER NOT NULL,
    max_tries       INTEGER NOT NULL,
    scheduled_dttm  BIGINT,
    queued_dttm     BIGINT,
    start_date      BIGINT,
    end_date        BIGINT,
    next_retry_at   BIGINT,
    error           TEXT,
    pool            TEXT    NOT NULL DEFAULT 'default_pool',
    pool_slots      INTEGER NOT NULL DEFAULT 1,
    priority_weight INTEGER NOT NULL DEFAULT 1,
    hostname        TEXT,
    pid             INTEGER,
    note            TEXT,
    PRIMARY KEY (dag_id, run_id, task_id),
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);

CREATE INDEX task_instance_unfinished ON task_instance (pool, state, pool_slots) WHERE state IN ('scheduled', 'queued', 'running');

-- Tries that ended and were followed by another.
CREATE TABLE task_instance_history (
    dag_id          TEXT    NOT NULL,
    run_id          TEXT    NOT NULL,
    task_id         TEXT    NOT NULL,
    try_number      INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    max_tries       INTEGER NOT NULL,
    scheduled_dttm  BIGINT,
    queued_dttm     BIGINT,
    start_date      BIGINT,
    end_date        BIGINT,
    next_retry_at   BIGINT,
    error           TEXT,
    pool            TEXT    NOT NULL,
    pool_slots      INTEGER NOT NULL,
    priority_weight INTEGER NOT NULL,
    hostname        TEXT,
    pid             INTEGER,
    note            TEXT,
    PRIMARY KEY (dag_id, run_id, task_id, try_number),
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);

CREATE TABLE xcom (
    dag_id    TEXT    NOT NULL,
    run_id    TEXT    NOT NULL,
    task_id   TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    value     TEXT    NOT NULL,
    timestamp BIGINT  NOT NULL,
    PRIMARY KEY (dag_id, run_id, task_id, key),
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);

-- What a try logged, line by line.
CREATE TABLE task_instance_log (
    dag_id     TEXT    NOT NULL,
    run_id     TEXT    NOT NULL,
    task_id    TEXT    NOT NULL,
    try_number INTEGER NOT NULL,
    line       INTEGER NOT NULL,
    timestamp  BIGINT  NOT NULL,
    level      TEXT    NOT NULL,
    message    TEXT    NOT NULL,
    PRIMARY KEY (dag_id, run_id, task_id, try_number, line),
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);

CREATE TABLE slot_pool (
    pool        TEXT    NOT NULL PRIMARY KEY,
    -- Task instances that may run at once, each counting its pool_slots; -1 is no limit.
    slots       INTEGER NOT NULL CHECK (slots >= -1),
    description TEXT
);

INSERT INTO slot_pool (pool, slots, description) VALUES ('default_pool', 128, 'Default pool');

-- Who did what and why (Airflow's audit log).
CREATE TABLE log (
    id         BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dttm       BIGINT  NOT NULL,
    event      TEXT    NOT NULL,
    dag_id     TEXT,
    run_id     TEXT,
    task_id    TEXT,
    try_number INTEGER,
    owner      TEXT    NOT NULL,
    reason     TEXT,
    extra      TEXT
);

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
    process_start    BIGINT  NOT NULL,
    start_date       BIGINT  NOT NULL,
    end_date         BIGINT,
    latest_heartbeat BIGINT  NOT NULL,
    beat             BIGINT  NOT NULL DEFAULT 0
);

CREATE TABLE asset (
    id         BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    uri        TEXT    NOT NULL,
    asset_group TEXT   NOT NULL,
    created_at BIGINT  NOT NULL
);

CREATE TABLE task_outlet_asset_reference (
    asset_id BIGINT NOT NULL REFERENCES asset ON DELETE CASCADE,
    dag_id   TEXT   NOT NULL,
    task_id  TEXT   NOT NULL,
    PRIMARY KEY (asset_id, dag_id, task_id)
);

CREATE TABLE dag_schedule_asset_reference (
    asset_id BIGINT NOT NULL REFERENCES asset ON DELETE CASCADE,
    dag_id   TEXT   NOT NULL,
    PRIMARY KEY (asset_id, dag_id)
);

CREATE TABLE asset_event (
    id             BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id       BIGINT  NOT NULL REFERENCES asset ON DELETE CASCADE,
    extra          TEXT,
    source_dag_id  TEXT,
    source_run_id  TEXT,
    source_task_id TEXT,
    timestamp      BIGINT  NOT NULL
);

CREATE INDEX asset_event_by_asset ON asset_event (asset_id, id);

-- Updates that a DAG which waits for assets has not been run for yet.
CREATE TABLE asset_dag_run_queue (
    asset_id      BIGINT NOT NULL REFERENCES asset ON DELETE CASCADE,
    target_dag_id TEXT   NOT NULL,
    event_id      BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (asset_id, target_dag_id, event_id)
);

CREATE TABLE dagrun_asset_event (
    dag_run_id BIGINT NOT NULL REFERENCES dag_run ON DELETE CASCADE,
    event_id   BIGINT NOT NULL REFERENCES asset_event ON DELETE CASCADE,
    PRIMARY KEY (dag_run_id, event_id)
);

CREATE INDEX asset_dag_run_queue_by_event ON asset_dag_run_queue (event_id);
CREATE INDEX dagrun_asset_event_by_event ON dagrun_asset_event (event_id);

-- Runs that have to be done by a time.
CREATE TABLE deadline (
    id            BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dag_id        TEXT    NOT NULL,
    run_id        TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    deadline_time BIGINT  NOT NULL,
    missed_at     BIGINT,
    FOREIGN KEY (dag_id, run_id) REFERENCES dag_run (dag_id, run_id) ON DELETE CASCADE
);

CREATE INDEX deadline_open ON deadline (deadline_time) WHERE missed_at IS NULL;
CREATE INDEX deadline_by_run ON deadline (dag_id, run_id);

-- Which state may follow which. A statement that writes anything else is refused by the database itself, whoever sends it.
CREATE TABLE task_instance_transition (
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    PRIMARY KEY (from_state, to_state)
);

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
);

INSERT INTO dag_run_transition (from_state, to_state) VALUES
    ('queued', 'running'), ('queued', 'success'), ('queued', 'failed'), ('running', 'success'), ('running', 'failed'), ('success', 'queued'), ('success', 'failed'), ('failed', 'queued'), ('failed', 'success');

CREATE FUNCTION dag_run_check_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'a new dag_run is queued' USING ERRCODE = 'check_violation';
    ELSIF NOT EXISTS (SELECT 1 FROM dag_run_transition WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'illegal transition of a dag_run from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER dag_run_first_state BEFORE INSERT ON dag_run FOR EACH ROW
    WHEN (NEW.state <> 'queued') EXECUTE FUNCTION dag_run_check_state();

CREATE TRIGGER dag_run_next_state BEFORE UPDATE OF state ON dag_run FOR EACH ROW
    WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION dag_run_check_state();

CREATE FUNCTION task_instance_check_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'a new task_instance is none' USING ERRCODE = 'check_violation';
    ELSIF NOT EXISTS (SELECT 1 FROM task_instance_transition WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'illegal transition of a task_instance from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER task_instance_first_state BEFORE INSERT ON task_instance FOR EACH ROW
    WHEN (NEW.state <> 'none') EXECUTE FUNCTION task_instance_check_state();

CREATE TRIGGER task_instance_next_state BEFORE UPDATE OF state ON task_instance FOR EACH ROW
    WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION task_instance_check_state();
