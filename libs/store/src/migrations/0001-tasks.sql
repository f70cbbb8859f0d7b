-- The record of Millrace: every task, its attempts, and what serves them.
--
-- `tasks` is one relation for whoever reads it, and a tree of tables underneath: one leaf for the waiting, one for the
-- running, and for each way to end a branch cut by the time of ending, whose leaves retention drops. A task changes its
-- status by moving: DELETE from one leaf and INSERT into another, in one statement.

CREATE SEQUENCE tasks_id_seq AS bigint;

-- Eight-byte columns first, so that no row pays for alignment. Identifiers compare by bytes, whatever the locale.
CREATE TABLE tasks (
  id bigint NOT NULL DEFAULT nextval('tasks_id_seq'),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  run_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  expires_at timestamptz,
  cancel_requested_at timestamptz,
  slot_at timestamptz,
  schedule_id bigint,
  retry_delay_ms bigint NOT NULL DEFAULT 5000,
  timeout_ms bigint,
  attempt integer NOT NULL DEFAULT 0,
  retry_count integer NOT NULL DEFAULT 0,
  max_retry integer NOT NULL DEFAULT 3,
  crash_count integer NOT NULL DEFAULT 0,
  priority smallint NOT NULL DEFAULT 0,
  status text COLLATE "C" NOT NULL DEFAULT 'pending',
  task_id text COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text,
  type text COLLATE "C" NOT NULL,
  queue text COLLATE "C" NOT NULL DEFAULT 'default',
  user_id text COLLATE "C",
  unique_key text COLLATE "C",
  worker_id text COLLATE "C",
  error_code text COLLATE "C",
  error_message text,
  trace jsonb,
  backoff jsonb,
  payload jsonb NOT NULL DEFAULT '{}',
  progress jsonb,
  result jsonb,
  CONSTRAINT tasks_status CHECK (status IN ('pending', 'processing', 'success', 'failed', 'cancelled')),
  CONSTRAINT tasks_priority CHECK (priority BETWEEN 0 AND 9),
  CONSTRAINT tasks_counters CHECK (attempt >= 0 AND retry_count >= 0 AND crash_count >= 0 AND max_retry BETWEEN 0 AND 1000),
  CONSTRAINT tasks_durations CHECK (retry_delay_ms >= 0 AND (timeout_ms IS NULL OR timeout_ms > 0)),
  CONSTRAINT tasks_user_id CHECK (user_id IS NULL OR length(user_id) BETWEEN 1 AND 256)
) PARTITION BY LIST (status);
ALTER SEQUENCE tasks_id_seq OWNED BY tasks.id;

-- Names are checked where tasks come in; the later moves of a row would only pay again.
CREATE TABLE tasks_pending PARTITION OF tasks (
  CONSTRAINT tasks_task_id CHECK (task_id ~ '^[A-Za-z0-9._:-]{1,128}$'),
  CONSTRAINT tasks_type CHECK (type ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$'),
  CONSTRAINT tasks_queue CHECK (queue ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'),
  CONSTRAINT tasks_pending_is_idle CHECK (
    worker_id IS NULL AND started_at IS NULL AND finished_at IS NULL AND cancel_requested_at IS NULL AND result IS NULL
  )
) FOR VALUES IN ('pending')
  WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- No index names a column that changes while a task runs, so progress and cancel requests update in place.
CREATE TABLE tasks_processing PARTITION OF tasks (
  CONSTRAINT tasks_processing_is_held CHECK (
    attempt >= 1 AND worker_id IS NOT NULL AND started_at IS NOT NULL AND finished_at IS NULL
  )
) FOR VALUES IN ('processing')
  WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE tasks_success PARTITION OF tasks (
  CONSTRAINT tasks_success_has_ended CHECK (finished_at IS NOT NULL AND error_code IS NULL)
) FOR VALUES IN ('success') PARTITION BY RANGE (finished_at);
CREATE TABLE tasks_failed PARTITION OF tasks (
  CONSTRAINT tasks_failed_has_ended CHECK (finished_at IS NOT NULL)
) FOR VALUES IN ('failed') PARTITION BY RANGE (finished_at);
CREATE TABLE tasks_cancelled PARTITION OF tasks (
  CONSTRAINT tasks_cancelled_has_ended CHECK (finished_at IS NOT NULL)
) FOR VALUES IN ('cancelled') PARTITION BY RANGE (finished_at);

-- The nets: they catch what ends while no partition of its time exists yet.
CREATE TABLE tasks_success_default PARTITION OF tasks_success DEFAULT;
CREATE TABLE tasks_failed_default PARTITION OF tasks_failed DEFAULT;
CREATE TABLE tasks_cancelled_default PARTITION OF tasks_cancelled DEFAULT;

ALTER TABLE tasks_pending ADD PRIMARY KEY (id);
ALTER TABLE tasks_pending ADD CONSTRAINT tasks_pending_task_id_key UNIQUE (task_id);
CREATE INDEX tasks_pending_type ON tasks_pending (type, id);
CREATE INDEX tasks_pending_queue ON tasks_pending (queue, id);
CREATE INDEX tasks_pending_user ON tasks_pending (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX tasks_pending_schedule ON tasks_pending (schedule_id, id) WHERE schedule_id IS NOT NULL;
CREATE INDEX tasks_pending_expires ON tasks_pending (expires_at) WHERE expires_at IS NOT NULL;

ALTER TABLE tasks_processing ADD PRIMARY KEY (id);
ALTER TABLE tasks_processing ADD CONSTRAINT tasks_processing_task_id_key UNIQUE (task_id);
-- Empty unless somebody cancels; workers poll it for their own tasks.
CREATE INDEX tasks_processing_cancel ON tasks_processing (worker_id) WHERE cancel_requested_at IS NOT NULL;

CREATE INDEX tasks_success_id ON tasks_success (id);
CREATE INDEX tasks_success_task_id ON tasks_success (task_id);
CREATE INDEX tasks_success_type ON tasks_success (type, id);
CREATE INDEX tasks_success_queue ON tasks_success (queue, id);
CREATE INDEX tasks_success_user ON tasks_success (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX tasks_success_schedule ON tasks_success (schedule_id, id) WHERE schedule_id IS NOT NULL;

CREATE INDEX tasks_failed_id ON tasks_failed (id);
CREATE INDEX tasks_failed_task_id ON tasks_failed (task_id);
CREATE INDEX tasks_failed_type ON tasks_failed (type, id);
CREATE INDEX tasks_failed_queue ON tasks_failed (queue, id);
CREATE INDEX tasks_failed_user ON tasks_failed (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX tasks_failed_schedule ON tasks_failed (schedule_id, id) WHERE schedule_id IS NOT NULL;

CREATE INDEX tasks_cancelled_id ON tasks_cancelled (id);
CREATE INDEX tasks_cancelled_task_id ON tasks_cancelled (task_id);
CREATE INDEX tasks_cancelled_type ON tasks_cancelled (type, id);
CREATE INDEX tasks_cancelled_queue ON tasks_cancelled (queue, id);
CREATE INDEX tasks_cancelled_user ON tasks_cancelled (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX tasks_cancelled_schedule ON tasks_cancelled (schedule_id, id) WHERE schedule_id IS NOT NULL;

COMMENT ON TABLE tasks IS 'Every task, one row each. Reads and plain INSERT, UPDATE and DELETE may name this table; counts stay right.';
COMMENT ON TABLE tasks_pending IS 'Tasks that wait: for a worker, for their run_at, or between retries.';
COMMENT ON TABLE tasks_processing IS 'Tasks whose handler a worker runs now; worker_id and attempt say which start holds them.';
COMMENT ON COLUMN tasks.id IS 'Database id, rising; lists are ordered by it.';
COMMENT ON COLUMN tasks.task_id IS 'Public id: UUIDv7, or what the caller named.';
COMMENT ON COLUMN tasks.type IS 'Chooses the handler.';
COMMENT ON COLUMN tasks.queue IS 'The line of tasks it waits in.';
COMMENT ON COLUMN tasks.status IS 'pending, processing, success, failed (final) or cancelled.';
COMMENT ON COLUMN tasks.priority IS '0 to 9; 9 is taken first.';
COMMENT ON COLUMN tasks.run_at IS 'Not started before.';
COMMENT ON COLUMN tasks.expires_at IS 'Not started after; fails with error_code expired.';
COMMENT ON COLUMN tasks.attempt IS 'Starts so far; never reset. Writes about a running task name it, so that a late one cannot overwrite.';
COMMENT ON COLUMN tasks.retry_count IS 'Retries used; an explicit retry sets it to 0.';
COMMENT ON COLUMN tasks.max_retry IS 'Retries allowed after the first start: 3 means at most four runs.';
COMMENT ON COLUMN tasks.crash_count IS 'How often its worker was lost.';
COMMENT ON COLUMN tasks.retry_delay_ms IS 'Wait before the first retry, milliseconds.';
COMMENT ON COLUMN tasks.backoff IS 'How the wait grows: {"type": "fixed"|"exponential", "maxMs", "jitter"}.';
COMMENT ON COLUMN tasks.timeout_ms IS 'Longest run of one attempt, milliseconds; null: the handler''s own.';
COMMENT ON COLUMN tasks.worker_id IS 'Worker of the running or last attempt; null while pending.';
COMMENT ON COLUMN tasks.cancel_requested_at IS 'Somebody asked a running task to stop; it ends cancelled unless it succeeds.';
COMMENT ON COLUMN tasks.schedule_id IS 'The schedule that submitted it, for the moment slot_at.';
COMMENT ON COLUMN tasks.unique_key IS 'Submitted under this key of unique_keys.';
COMMENT ON COLUMN tasks.error_code IS 'Why the last attempt did not succeed: handler_error, non_retryable, timeout, expired, worker_crashed, cancelled.';
COMMENT ON COLUMN tasks.trace IS 'W3C trace context of the submit.';

CREATE TABLE task_attempts (
  started_at timestamptz,
  finished_at timestamptz NOT NULL DEFAULT now(),
  attempt integer NOT NULL CHECK (attempt >= 0),
  task_id text COLLATE "C" NOT NULL,
  outcome text COLLATE "C" NOT NULL CHECK (outcome IN (
    'succeeded', 'failed', 'timed_out', 'cancelled', 'snoozed', 'interrupted', 'lost', 'superseded'
  )),
  worker_id text COLLATE "C",
  error_code text COLLATE "C",
  error_message text
);
CREATE UNIQUE INDEX task_attempts_current ON task_attempts (task_id, attempt) WHERE outcome <> 'superseded';
CREATE INDEX task_attempts_superseded ON task_attempts (task_id) WHERE outcome = 'superseded';
COMMENT ON TABLE task_attempts IS 'How attempts ended, appended. A success of the first attempt stands in tasks alone.';
COMMENT ON COLUMN task_attempts.outcome IS 'superseded: an answer that came after its attempt had been given up; it changed nothing.';

CREATE TABLE workers (
  worker_id text COLLATE "C" PRIMARY KEY,
  host text NOT NULL,
  pid integer NOT NULL,
  version text NOT NULL,
  queues text[] NOT NULL,
  concurrency integer NOT NULL,
  types jsonb NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
COMMENT ON TABLE workers IS 'Worker processes and when each was last seen by the database.';
COMMENT ON COLUMN workers.types IS 'The types it has handlers for, with their defaults.';

CREATE TABLE schedules (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 128),
  spec text NOT NULL,
  type text COLLATE "C" NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}',
  queue text COLLATE "C",
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE schedules IS 'Rules that submit tasks over time.';
COMMENT ON COLUMN schedules.queue IS 'Null: the queue that the type is routed to.';

CREATE TABLE schedule_slots (
  schedule_id bigint NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
  slot_at timestamptz NOT NULL,
  task_id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (schedule_id, slot_at)
);
COMMENT ON TABLE schedule_slots IS 'The due moments that were served: one task a moment, however many schedulers run.';

CREATE TABLE unique_keys (
  key text COLLATE "C" PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 256),
  task_id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz
);
CREATE INDEX unique_keys_expires ON unique_keys (expires_at) WHERE expires_at IS NOT NULL;
COMMENT ON TABLE unique_keys IS 'Which task holds a unique key.';
COMMENT ON COLUMN unique_keys.expires_at IS 'The key is free from then on; null: once its task has ended.';

CREATE TABLE idempotency_keys (
  scope text COLLATE "C" NOT NULL CHECK (length(scope) BETWEEN 1 AND 256),
  key text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 256),
  request_hash text COLLATE "C" NOT NULL,
  status integer,
  body json,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_expires ON idempotency_keys (expires_at);
COMMENT ON TABLE idempotency_keys IS 'Answers to requests that named an Idempotency-Key, to be given again.';
COMMENT ON COLUMN idempotency_keys.body IS 'json, not jsonb: the answer is repeated as it was.';

CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text COLLATE "C" NOT NULL,
  task_id text COLLATE "C",
  detail jsonb
);
CREATE INDEX audit_log_task ON audit_log (task_id, id);
COMMENT ON TABLE audit_log IS 'Who did what to a task, and when. Append only.';

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_log is append only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
