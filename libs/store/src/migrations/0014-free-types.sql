-- As before, and refuses the types of tasks that record runs of functions: such a task could not be retried. Who may call it and
-- its comment stay; where it looks names up is said anew.
CREATE OR REPLACE FUNCTION millrace_submit(
  type text,
  payload jsonb DEFAULT '{}',
  queue text DEFAULT 'default',
  priority integer DEFAULT 0,
  run_at timestamptz DEFAULT NULL,
  expires_at timestamptz DEFAULT NULL,
  max_retry integer DEFAULT 3,
  retry_delay interval DEFAULT '5 seconds',
  backoff text DEFAULT NULL,
  backoff_max interval DEFAULT NULL,
  backoff_jitter double precision DEFAULT NULL,
  timeout interval DEFAULT NULL,
  user_id text DEFAULT NULL,
  task_id text DEFAULT NULL,
  unique_key text DEFAULT NULL,
  unique_for interval DEFAULT NULL,
  traceparent text DEFAULT NULL
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
  reserved CONSTANT text[] := ARRAY['tasks', 'delayed_tasks', 'idx', 'processing', 'leases', 'workers', 'epoch', 'bad',
    'unrecorded', 'claim', 'cancel', 'rate'];
  faults text[];
  holder text;
  row_id bigint;
  named CONSTANT boolean := millrace_submit.task_id IS NOT NULL;
  -- Otherwise a UUIDv7: 48 bits of milliseconds, then random bits with the version set to 7.
  new_id CONSTANT text := coalesce(millrace_submit.task_id, encode(set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid())
      PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid::text);
BEGIN
  faults := array_remove(ARRAY[
    CASE WHEN starts_with(millrace_submit.type, 'scheduled:')
        THEN 'type must not begin with scheduled:, which is reserved for functions'
      WHEN millrace_submit.type ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$' THEN NULL
      ELSE 'type must match ^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$' END,
    millrace_payload_fault(millrace_submit.payload),
    CASE WHEN new_id !~ '^[A-Za-z0-9._:-]{1,128}$' THEN 'task_id must match ^[A-Za-z0-9._:-]{1,128}$' END,
    CASE WHEN millrace_submit.queue !~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'
      THEN 'queue must match ^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$'
      WHEN millrace_submit.queue = ANY (reserved)
      THEN format('queue must not be the reserved name %s', millrace_submit.queue) END,
    CASE WHEN millrace_submit.priority NOT BETWEEN 0 AND 9 THEN 'priority must be a whole number from 0 to 9' END,
    CASE WHEN millrace_submit.max_retry NOT BETWEEN 0 AND 1000 THEN 'max_retry must be a whole number from 0 to 1000' END,
    millrace_duration_fault('retry_delay', millrace_submit.retry_delay, 0),
    CASE WHEN millrace_submit.backoff NOT IN ('fixed', 'exponential') THEN 'backoff must be fixed or exponential' END,
    CASE WHEN millrace_submit.backoff IS NULL AND num_nonnulls(millrace_submit.backoff_max, millrace_submit.backoff_jitter) > 0
      THEN 'backoff must be given with backoff_max and backoff_jitter' END,
    millrace_duration_fault('backoff_max', millrace_submit.backoff_max, 0),
    CASE WHEN millrace_submit.backoff_jitter NOT BETWEEN 0 AND 1 THEN 'backoff_jitter must be a number from 0 to 1' END,
    millrace_duration_fault('timeout', millrace_submit.timeout, 1),
    millrace_instant_fault('run_at', millrace_submit.run_at),
    millrace_instant_fault('expires_at', millrace_submit.expires_at),
    millrace_text_fault('user_id', millrace_submit.user_id),
    millrace_text_fault('unique_key', millrace_submit.unique_key),
    CASE WHEN millrace_submit.unique_key IS NULL AND millrace_submit.unique_for IS NOT NULL
      THEN 'unique_key must be given with unique_for' END,
    millrace_duration_fault('unique_for', millrace_submit.unique_for, 1),
    millrace_text_fault('traceparent', millrace_submit.traceparent)
  ], NULL);
  IF cardinality(faults) > 0 THEN
    RAISE EXCEPTION 'millrace_submit: %', array_to_string(faults, '; ') USING ERRCODE = 'invalid_parameter_value';
  END IF;

  INSERT INTO tasks_pending (
    task_id, type, queue, user_id, payload, priority, max_retry, retry_delay_ms, timeout_ms, backoff, run_at, expires_at,
    unique_key, trace
  ) VALUES (
    new_id, millrace_submit.type, coalesce(millrace_submit.queue, 'default'), millrace_submit.user_id,
    millrace_submit.payload, coalesce(millrace_submit.priority, 0), coalesce(millrace_submit.max_retry, 3),
    coalesce(round(extract(epoch FROM millrace_submit.retry_delay) * 1000), 5000),
    round(extract(epoch FROM millrace_submit.timeout) * 1000),
    CASE WHEN millrace_submit.backoff IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object(
      'type', millrace_submit.backoff,
      'maxMs', round(extract(epoch FROM millrace_submit.backoff_max) * 1000),
      'jitter', millrace_submit.backoff_jitter
    )) END,
    coalesce(millrace_submit.run_at, now()), millrace_submit.expires_at, millrace_submit.unique_key,
    CASE WHEN millrace_submit.traceparent IS NOT NULL
      THEN jsonb_build_object('traceparent', millrace_submit.traceparent) END
  )
  ON CONFLICT ON CONSTRAINT tasks_pending_task_id_key DO NOTHING
  RETURNING id INTO row_id;

  -- A look of its own after the insert: only then does it see a task of that id which was moving meanwhile.
  IF row_id IS NULL OR (named AND EXISTS (SELECT FROM tasks t WHERE t.task_id = new_id AND t.status <> 'pending')) THEN
    RAISE EXCEPTION 'millrace_submit: there already is a task %', new_id USING ERRCODE = 'unique_violation';
  END IF;

  IF millrace_submit.unique_key IS NOT NULL THEN
    holder := millrace_claim_unique_key(millrace_submit.unique_key, new_id, millrace_submit.unique_for);
    IF holder <> new_id THEN
      DELETE FROM tasks_pending t WHERE t.id = row_id;
      RETURN holder;
    END IF;
  END IF;

  PERFORM pg_notify('millrace_submitted', row_id::text);
  RETURN new_id;
END $$;

DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION millrace_submit SET search_path = %I, pg_temp', current_schema());
END $$;
