import { FUNCTION_TYPE_PREFIX, type ErrorCode, type TaskStatus } from '@millrace/contracts';
import type { Database } from './database';
import { jsonObject, storableJson, storableText } from './storable-text';
import { IllegalTransition } from './store-errors';
import { readTask, TASK_COLUMNS, taskColumnsWith, WAITING } from './task-columns';
import type { TaskRow } from './task-row';
import { isLegalTransition } from './transitions';

/** What a change of status may say beside the status itself; what is left out becomes null. */
export interface StatusChange {
  /** Required by `processing`. */
  readonly workerId?: string;
  /** JSON text. */
  readonly resultJson?: string;
  readonly errorMessage?: string;
  readonly errorCode?: ErrorCode;
}

/** Somebody else may move the task between the look and the move; a task has no more statuses than this. */
const MOVE_TRIES = 5;

const gone = (where: string, changes: Readonly<Record<string, string>>): string =>
  `gone AS (DELETE FROM tasks t WHERE t.task_id = $1 AND ${where} RETURNING ${taskColumnsWith('t', changes)})`;

const MOVED = `INSERT INTO tasks (${TASK_COLUMNS}) SELECT * FROM gone RETURNING ${TASK_COLUMNS}`;

const noted = (action: string): string =>
  `noted AS (INSERT INTO audit_log (actor, action, task_id) SELECT $2::text, '${action}', task_id FROM moved)
  SELECT ${TASK_COLUMNS} FROM moved`;

const CANCEL_PENDING = `
  WITH ${gone(`t.status = 'pending'`, {
    status: `'cancelled'`,
    error_code: `'cancelled'`,
    finished_at: 'now()',
    updated_at: 'now()',
  })}, moved AS (${MOVED}), ${noted('cancel')}`;

const REQUEST_CANCEL = `
  WITH moved AS (
    UPDATE tasks_processing t SET cancel_requested_at = now(), updated_at = now()
    WHERE t.task_id = $1 AND t.cancel_requested_at IS NULL RETURNING ${TASK_COLUMNS}
  ), ${noted('request_cancel')}`;

/** The error of its last run stays, so that whoever retries sees why until the next outcome. */
const RETRY = `
  WITH ${gone(`t.status IN ('failed', 'cancelled') AND t.type NOT LIKE '${FUNCTION_TYPE_PREFIX}%'`, {
    ...WAITING,
    retry_count: '0',
    crash_count: '0',
    run_at: 'now()',
    // An expires_at that has passed becomes null.
    expires_at: 'NULLIF(greatest(t.expires_at, now()), now())',
  })}, moved AS (${MOVED}), ${noted('retry')}`;

const STATUS_OF = `SELECT status FROM task_by_task_id($1)`;
const RUNNING = `SELECT ${TASK_COLUMNS} FROM tasks_processing WHERE task_id = $1`;

/** $2 the status it has, $3 the change as a JSON object. */
const TO: Readonly<Record<TaskStatus, string>> = {
  pending: changeTo({
    ...WAITING,
    error_message: `$3::jsonb ->> 'error_message'`,
    error_code: `$3::jsonb ->> 'error_code'`,
    run_at: 'now()',
  }),
  processing: changeTo({
    status: `'processing'`,
    attempt: 't.attempt + 1',
    worker_id: `$3::jsonb ->> 'worker_id'`,
    started_at: 'now()',
    updated_at: 'now()',
  }),
  success: changeTo(ended('success')),
  failed: changeTo(ended('failed')),
  cancelled: changeTo(ended('cancelled')),
};

/** See `TaskRepository.cancelIfPending`. */
export async function cancelIfPending(db: Database, taskId: string, actor: string): Promise<TaskRow | null> {
  if (__MUTANT__ === 'cancel_forgotten') return cancelledInWords(db, taskId);
  const [row] = await db.query(CANCEL_PENDING, [taskId, actor]);
  return row ? readTask(row) : null;
}

/** See `TaskRepository.requestCancelIfProcessing`. */
export async function requestCancelIfProcessing(db: Database, taskId: string, actor: string): Promise<TaskRow | null> {
  const [asked] = await db.query(REQUEST_CANCEL, [taskId, actor]);
  const [row] = asked ? [asked] : await db.query(RUNNING, [taskId]);
  return row ? readTask(row) : null;
}

/** See `TaskRepository.retryIfFinal`. */
export async function retryIfFinal(db: Database, taskId: string, actor: string): Promise<TaskRow | null> {
  const [row] = await db.query(__MUTANT__ === 'retry_of_success' ? ofSuccess(RETRY) : RETRY, [taskId, actor]);
  return row ? readTask(row) : null;
}

/** See `TaskRepository.updateStatus`. */
export async function updateStatus(
  db: Database,
  taskId: string,
  to: TaskStatus,
  change: StatusChange,
): Promise<TaskRow | null> {
  for (let tries = 0; tries < MOVE_TRIES; tries += 1) {
    const [now] = await db.query<{ status: TaskStatus }>(STATUS_OF, [taskId]);
    if (!now) return null;
    if (!isLegalTransition(now.status, to)) throw new IllegalTransition(now.status, to);
    const [row] = await db.query(TO[to], [taskId, now.status, changeJson(change)]);
    if (row) return readTask(row);
  }
  return null;
}

/** For a mutant of the fault suite. */
async function cancelledInWords(db: Database, taskId: string): Promise<TaskRow | null> {
  const [row] = await db.query(`SELECT ${TASK_COLUMNS} FROM tasks_pending WHERE task_id = $1`, [taskId]);
  return row ? { ...readTask(row), status: 'cancelled' } : null;
}

/** For a mutant of the fault suite. */
function ofSuccess(retry: string): string {
  return retry.replace(`'failed', 'cancelled'`, `'failed', 'cancelled', 'success'`);
}

function changeTo(changes: Readonly<Record<string, string>>): string {
  return `WITH ${gone('t.status = $2', changes)} ${MOVED}`;
}

function ended(status: TaskStatus): Readonly<Record<string, string>> {
  return {
    status: `'${status}'`,
    result: `$3::jsonb -> 'result'`,
    error_message: `$3::jsonb ->> 'error_message'`,
    error_code: `$3::jsonb ->> 'error_code'`,
    finished_at: 'now()',
    updated_at: 'now()',
  };
}

function changeJson({ workerId, resultJson, errorMessage, errorCode }: StatusChange): string {
  const text = errorMessage === undefined ? {} : { error_message: storableText(errorMessage) };
  const fields = { worker_id: workerId, error_code: errorCode, ...text };
  return jsonObject(fields, resultJson === undefined ? {} : { result: storableJson(resultJson) });
}
