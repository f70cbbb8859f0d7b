-- Exact counts without counting: whatever changes `tasks` appends what it added and took away, and a duty folds that
-- into totals. Totals plus unfolded changes equal SELECT status, count(*) FROM tasks GROUP BY 1 in every snapshot.

CREATE TABLE task_count_deltas (
  n bigint NOT NULL,
  status text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  queue text COLLATE "C" NOT NULL,
  user_id text COLLATE "C"
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000000);
COMMENT ON TABLE task_count_deltas IS 'Changes of counts, not yet folded into task_counts and task_user_counts. Append only.';

CREATE TABLE task_counts (
  n bigint NOT NULL,
  status text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  queue text COLLATE "C" NOT NULL,
  PRIMARY KEY (status, type, queue)
) WITH (fillfactor = 50);
COMMENT ON TABLE task_counts IS 'Folded counts of all tasks; add task_count_deltas for the truth of this moment.';

CREATE TABLE task_user_counts (
  n bigint NOT NULL,
  status text COLLATE "C" NOT NULL,
  type text COLLATE "C" NOT NULL,
  queue text COLLATE "C" NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (user_id, status, type, queue)
) WITH (fillfactor = 70);
COMMENT ON TABLE task_user_counts IS 'The same for tasks that have a user.';

CREATE FUNCTION count_added_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO task_count_deltas (n, status, type, queue, user_id)
  SELECT count(*), status, type, queue, user_id FROM added GROUP BY status, type, queue, user_id;
  RETURN NULL;
END $$;

CREATE FUNCTION count_removed_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO task_count_deltas (n, status, type, queue, user_id)
  SELECT -count(*), status, type, queue, user_id FROM removed GROUP BY status, type, queue, user_id;
  RETURN NULL;
END $$;

CREATE FUNCTION count_changed_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO task_count_deltas (n, status, type, queue, user_id)
  SELECT sum(n), status, type, queue, user_id FROM (
    SELECT 1 AS n, status, type, queue, user_id FROM added
    UNION ALL
    SELECT -1, status, type, queue, user_id FROM removed
  ) AS changed GROUP BY status, type, queue, user_id HAVING sum(n) <> 0;
  RETURN NULL;
END $$;

-- TRUNCATE has no list of rows, and fires for each leaf on its own.
CREATE FUNCTION count_truncated_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format(
    'INSERT INTO task_count_deltas (n, status, type, queue, user_id)
     SELECT -count(*), status, type, queue, user_id FROM ONLY %I.%I GROUP BY status, type, queue, user_id',
    TG_TABLE_SCHEMA, TG_TABLE_NAME
  );
  RETURN NULL;
END $$;

-- A statement fires the triggers of the table it names, so parents and leaves alike have them.
CREATE PROCEDURE count_tasks_of(relation regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER count_added AFTER INSERT ON %s REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_added_tasks()', relation);
  EXECUTE format('CREATE TRIGGER count_removed AFTER DELETE ON %s REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION count_removed_tasks()', relation);
  EXECUTE format('CREATE TRIGGER count_changed AFTER UPDATE ON %s REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION count_changed_tasks()', relation);
  EXECUTE format('CREATE TRIGGER count_truncated BEFORE TRUNCATE ON %s
    FOR EACH STATEMENT EXECUTE FUNCTION count_truncated_tasks()', relation);
END $$;
COMMENT ON PROCEDURE count_tasks_of IS 'Makes a table of the tasks tree count; every new partition needs it before it takes rows.';

CALL count_tasks_of('tasks');
CALL count_tasks_of('tasks_pending');
CALL count_tasks_of('tasks_processing');
CALL count_tasks_of('tasks_success');
CALL count_tasks_of('tasks_success_default');
CALL count_tasks_of('tasks_failed');
CALL count_tasks_of('tasks_failed_default');
CALL count_tasks_of('tasks_cancelled');
CALL count_tasks_of('tasks_cancelled_default');
