-- Lists of a span of time: without it they would walk all younger tasks by id. Rows arrive nearly in this order, so the
-- index grows at its end. The running ones are few and need none.
CREATE INDEX tasks_pending_created ON tasks_pending (created_at, id);
CREATE INDEX tasks_success_created ON tasks_success (created_at, id);
CREATE INDEX tasks_failed_created ON tasks_failed (created_at, id);
CREATE INDEX tasks_cancelled_created ON tasks_cancelled (created_at, id);
