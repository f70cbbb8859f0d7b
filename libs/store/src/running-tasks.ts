import type { Database } from './database';
import { jsonObject, storableJson } from './storable-text';
import { TASK_COLUMNS, taskColumnsWith } from './task-columns';
import type { ProgressRecord, RecordedOutcome, Rescue } from './task-row';

/** Rows are locked in id order before the update, as everywhere. */
const SET_PROGRESS = `
  WITH held AS MATERIALIZED (
    SELECT p.* FROM jsonb_to_recordset($1::jsonb) AS p (id bigint, attempt integer, progress jsonb)
    JOIN tasks_processing t ON t.id = p.id WHERE t.attempt = p.attempt ORDER BY t.id FOR UPDATE OF t
  ), written AS (
    UPDATE tasks_processing t SET progress = p.progress, updated_at = now() FROM held p WHERE t.id = p.id RETURNING 1
  )
  SELECT count(*)::integer AS n FROM written`;

const CANCEL_REQUESTED = `
  SELECT task_id, attempt FROM tasks_processing WHERE worker_id = $1 AND cancel_requested_at IS NOT NULL`;

const CRASHED = `(t.crash_count + 1 >= r.crash_limit)`;
const AGAIN = `(t.cancel_requested_at IS NULL AND NOT ${CRASHED})`;

const RESCUED = taskColumnsWith('t', {
  status: `CASE WHEN t.cancel_requested_at IS NOT NULL THEN 'cancelled' WHEN ${CRASHED} THEN 'failed' ELSE 'pending' END`,
  error_code: `CASE WHEN t.cancel_requested_at IS NOT NULL THEN 'cancelled' WHEN ${CRASHED} THEN 'worker_crashed' ELSE t.error_code END`,
  error_message: `CASE WHEN ${AGAIN} THEN t.error_message ELSE 'the worker was lost' END`,
  crash_count: 't.crash_count + 1',
  run_at: `CASE WHEN ${AGAIN} THEN now() ELSE t.run_at END`,
  worker_id: `CASE WHEN ${AGAIN} THEN NULL ELSE t.worker_id END`,
  started_at: `CASE WHEN ${AGAIN} THEN NULL ELSE t.started_at END`,
  finished_at: `CASE WHEN ${AGAIN} THEN NULL ELSE now() END`,
  updated_at: 'now()',
});

const RESCUE = `
  WITH r AS (
    SELECT DISTINCT ON (task_id, attempt, worker_id) * FROM jsonb_to_recordset($1::jsonb) AS r (
      task_id text, attempt integer, worker_id text, crash_limit integer
    )
  ), held AS MATERIALIZED (
    SELECT t.id, r.crash_limit FROM r JOIN tasks_processing t ON t.task_id = r.task_id
    WHERE t.attempt = r.attempt AND t.worker_id = r.worker_id ORDER BY t.id FOR UPDATE OF t
  ), gone AS (
    DELETE FROM tasks_processing t USING held r WHERE t.id = r.id
    RETURNING ${RESCUED}, t.worker_id AS held_by, t.started_at AS held_from
  ), ended AS (
    INSERT INTO tasks (${TASK_COLUMNS}) SELECT ${TASK_COLUMNS} FROM gone RETURNING task_id, status, attempt, run_at
  ), history AS (
    INSERT INTO task_attempts (task_id, attempt, outcome, worker_id, started_at)
    SELECT task_id, attempt, 'lost', held_by, held_from FROM gone ON CONFLICT DO NOTHING
  )
  SELECT task_id, status, attempt, run_at FROM ended`;

interface RescuedRow {
  readonly task_id: string;
  readonly status: RecordedOutcome['status'];
  readonly attempt: number;
  readonly run_at: Date;
}

/** See `TaskRepository.setProgress`. */
export async function setProgress(db: Database, records: readonly ProgressRecord[]): Promise<number> {
  if (records.length === 0) return 0;
  const newest = [...new Map(records.map((record) => [record.id, record])).values()];
  const rows = newest.map(({ id, attempt, progressJson }) =>
    jsonObject({ id, attempt }, { progress: storableJson(progressJson) }),
  );
  const [written] = await db.query<{ n: number }>(SET_PROGRESS, [`[${rows.join(',')}]`]);
  return written?.n ?? 0;
}

/** See `TaskRepository.cancelRequested`. */
export async function cancelRequested(
  db: Database,
  workerId: string,
): Promise<{ readonly taskId: string; readonly attempt: number }[]> {
  const rows = await db.query<{ task_id: string; attempt: number }>(CANCEL_REQUESTED, [workerId]);
  return rows.map((row) => ({ taskId: row.task_id, attempt: row.attempt }));
}

/** See `TaskRepository.rescueIfProcessing`. */
export async function rescueIfProcessing(db: Database, rescues: readonly Rescue[]): Promise<RecordedOutcome[]> {
  if (rescues.length === 0) return [];
  const asked = rescues.map(({ taskId, attempt, workerId, crashLimit }) => ({
    task_id: taskId,
    attempt,
    worker_id: workerId,
    crash_limit: crashLimit,
  }));
  const rows = await db.query<RescuedRow>(
    __MUTANT__ === 'rescue_without_condition' ? RESCUE.replace(/WHERE t\.attempt = .* ORDER/, 'ORDER') : RESCUE,
    [JSON.stringify(asked)],
  );
  return rows.map((row) => ({ taskId: row.task_id, status: row.status, attempt: row.attempt, runAt: row.run_at }));
}
