-- Lookups through functions: their plan is kept, while a plain statement would plan a probe of every leaf anew, which
-- takes several times longer than the probes.
CREATE FUNCTION task_by_task_id(wanted text) RETURNS SETOF tasks LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
  RETURN QUERY SELECT * FROM tasks t WHERE t.task_id = wanted;
END $$;
COMMENT ON FUNCTION task_by_task_id IS 'The task with this task_id, whatever its status.';

CREATE FUNCTION task_by_id(wanted bigint) RETURNS SETOF tasks LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
  RETURN QUERY SELECT * FROM tasks t WHERE t.id = wanted;
END $$;
COMMENT ON FUNCTION task_by_id IS 'The task with this database id, whatever its status.';
