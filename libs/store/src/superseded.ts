import type { Database } from './database';
import { storableText } from './storable-text';
import type { OutcomeRecord, RecordedOutcome } from './task-row';

/**
 * Outcomes whose commit was not heard of: the connection broke after it, and the writer sends them again. Either the
 * task's row or its history names this worker, attempt and outcome. `current`: nothing has happened since.
 */
const ALREADY = `
  SELECT t.task_id, t.status, t.attempt, t.run_at, t.attempt = o.attempt AND t.status <> 'processing' AS current
  FROM jsonb_to_recordset($1::jsonb) AS o (task_id text, attempt integer, worker_id text, outcome text, status text)
  JOIN tasks t ON t.task_id = o.task_id AND t.task_id = ANY ($2::text[])
  WHERE (o.status = 'success' AND t.status = 'success' AND t.attempt = o.attempt AND t.worker_id = o.worker_id)
    OR EXISTS (
      SELECT FROM task_attempts a
      WHERE a.task_id = o.task_id AND a.attempt = o.attempt AND a.worker_id = o.worker_id
        AND a.outcome IN (o.outcome, 'cancelled')
    )`;

const KEEP = `
  INSERT INTO task_attempts (task_id, attempt, outcome, worker_id, error_code, error_message)
  SELECT task_id, attempt, 'superseded', worker_id, error_code, error_message
  FROM jsonb_to_recordset($1::jsonb) AS o (
    task_id text, attempt integer, worker_id text, error_code text, error_message text
  )`;

interface AlreadyRow {
  readonly current: boolean;
  readonly task_id: string;
  readonly status: RecordedOutcome['status'];
  readonly attempt: number;
  readonly run_at: Date;
}

/** What an earlier call has recorded of these outcomes. */
export interface Already {
  /** Tasks whose outcome is recorded. */
  readonly taskIds: ReadonlySet<string>;
  /** Those of them that still stand as that call left them. */
  readonly outcomes: readonly RecordedOutcome[];
}

export async function alreadyRecorded(db: Database, records: readonly OutcomeRecord[]): Promise<Already> {
  const asked = records.map(({ taskId, attempt, workerId, outcome, status }) => ({
    task_id: taskId,
    attempt,
    worker_id: workerId,
    outcome,
    status,
  }));
  const rows = await db.query<AlreadyRow>(ALREADY, [JSON.stringify(asked), records.map(({ taskId }) => taskId)]);
  return {
    taskIds: new Set(rows.map((row) => row.task_id)),
    outcomes: rows
      .filter((row) => row.current)
      .map((row) => ({ taskId: row.task_id, status: row.status, attempt: row.attempt, runAt: row.run_at })),
  };
}

/** Late answers of attempts that were given up go into the history and change nothing else. */
export async function keepSuperseded(db: Database, records: readonly OutcomeRecord[]): Promise<void> {
  if (records.length === 0) return;
  const kept = records.map(({ taskId, attempt, workerId, errorCode, errorMessage, outcome }) => ({
    task_id: taskId,
    attempt,
    worker_id: workerId,
    error_code: errorCode,
    error_message: storableText(errorMessage ?? `came too late: ${outcome}`),
  }));
  await db.query(KEEP, [JSON.stringify(kept)]);
}
