-- Counts by triggers cost 3 µs of server CPU a task at its start and its outcome: each keeps a copy of every row, and runs a
-- statement of its own. The two statements of every task count what they move themselves. They name this table above `tasks`, for
-- a statement fires the triggers of the table it names and of no other; whoever names `tasks` or a part of it is counted as before.
-- Columns are added here from now on: PostgreSQL hands them down.
CREATE TABLE tasks_uncounted (LIKE tasks INCLUDING DEFAULTS) PARTITION BY LIST (status);
ALTER TABLE tasks_uncounted ATTACH PARTITION tasks DEFAULT;
COMMENT ON TABLE tasks_uncounted IS
  'The same rows as tasks, for statements that write task_count_deltas themselves. Name tasks instead: here counts go wrong.';

-- Who may move tasks by naming `tasks` may do so by this name.
DO $$
DECLARE
  held record;
BEGIN
  FOR held IN
    SELECT a.grantee::regrole::text AS grantee, a.privilege_type
    FROM pg_class c, aclexplode(c.relacl) AS a
    WHERE c.oid = 'tasks'::regclass AND a.grantee NOT IN (0, c.relowner)
      AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
  LOOP
    EXECUTE format('GRANT %s ON tasks_uncounted TO %s', held.privilege_type, held.grantee);
  END LOOP;
END $$;
