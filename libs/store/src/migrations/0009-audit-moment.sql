-- A change that waits for a lock is made long after its transaction began: dated by that, a retry stood in the log before the end
-- of the attempt that it was a retry of.
ALTER TABLE audit_log ALTER COLUMN at SET DEFAULT clock_timestamp();
