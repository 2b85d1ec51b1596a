-- Lists over many runs: an order is read off an index, a count or a page deep in it touches no rows, and failures, which are few, are found at once.

DROP INDEX dag_run_by_date;
DROP INDEX dag_run_by_run_after;
DROP INDEX dag_run_by_logical_date;
CREATE INDEX dag_run_by_date ON dag_run (dag_id, logical_date, id);
CREATE INDEX dag_run_by_run_after ON dag_run (dag_id, run_after, id);
CREATE INDEX dag_run_by_logical_date ON dag_run (logical_date, id);
CREATE INDEX dag_run_by_due ON dag_run (run_after, id);
CREATE INDEX dag_run_failed ON dag_run (logical_date, id) WHERE state = 'failed';

CREATE INDEX task_instance_failed ON task_instance (dag_id, run_id, task_id, state) WHERE state IN ('failed', 'upstream_failed', 'up_for_retry');
