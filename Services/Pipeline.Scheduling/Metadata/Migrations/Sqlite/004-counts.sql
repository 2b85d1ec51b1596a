-- How many task instances a run has, kept by the database itself on the run's own row: a list over all runs tells its total without reading them one by one.

ALTER TABLE dag_run ADD COLUMN task_instance_count INTEGER NOT NULL DEFAULT 0;

UPDATE dag_run SET task_instance_count = (SELECT COUNT(*) FROM task_instance t WHERE t.dag_id = dag_run.dag_id AND t.run_id = dag_run.run_id);

CREATE INDEX dag_run_by_count ON dag_run (dag_id, task_instance_count);

CREATE TRIGGER task_instance_added AFTER INSERT ON task_instance
BEGIN
    UPDATE dag_run SET task_instance_count = task_instance_count + 1 WHERE dag_id = NEW.dag_id AND run_id = NEW.run_id;
END;

CREATE TRIGGER task_instance_removed AFTER DELETE ON task_instance
BEGIN
    UPDATE dag_run SET task_instance_count = task_instance_count - 1 WHERE dag_id = OLD.dag_id AND run_id = OLD.run_id;
END;
