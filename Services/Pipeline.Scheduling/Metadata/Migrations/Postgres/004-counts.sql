-- How many task instances a run has, kept by the database itself on the run's own row: a list over all runs tells its total without reading them one by one.
-- The row is one that whoever adds task instances has locked anyway, so that no writer waits for another.

ALTER TABLE dag_run ADD COLUMN task_instance_count INTEGER NOT NULL DEFAULT 0;

UPDATE dag_run SET task_instance_count = counted.tasks
FROM (SELECT dag_id, run_id, COUNT(*) AS tasks FROM task_instance GROUP BY dag_id, run_id) AS counted
WHERE counted.dag_id = dag_run.dag_id AND counted.run_id = dag_run.run_id;

CREATE INDEX dag_run_by_count ON dag_run (dag_id, task_instance_count);

CREATE FUNCTION dag_run_count_task_instances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE dag_run SET task_instance_count = task_instance_count + CASE TG_OP WHEN 'INSERT' THEN counted.tasks ELSE -counted.tasks END
    FROM (SELECT dag_id, run_id, COUNT(*) AS tasks FROM changed GROUP BY dag_id, run_id) AS counted
    WHERE counted.dag_id = dag_run.dag_id AND counted.run_id = dag_run.run_id;
    RETURN NULL;
END $$;

CREATE TRIGGER task_instance_added AFTER INSERT ON task_instance
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION dag_run_count_task_instances();

CREATE TRIGGER task_instance_removed AFTER DELETE ON task_instance
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION dag_run_count_task_instances();
