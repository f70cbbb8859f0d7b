import type { TaskStatus } from '@millrace/contracts';
import type { EntityManager } from 'typeorm';
import { arrayLiteral } from './array-literal';
import { countedMove } from './counted-move';
import type { Database, PreparedStatement } from './database';
import { expireTasks } from './expire-tasks';
import { TASK_COLUMNS, taskColumnsWith } from './task-columns';
import type { Start, StartedTask, StartResult } from './task-row';

/** Clocks of a few milliseconds apart must not send a due task round again. */
const EARLY_TOLERANCE = `interval '100 ms'`;

/** Progress and result belong to the attempt that is over; its error stays until the next outcome. */
const STARTED = taskColumnsWith('t', {
  status: `'processing'`,
  attempt: 't.attempt + 1',
  worker_id: '$3::text',
  started_at: 'now()',
  updated_at: 'now()',
  progress: 'NULL::jsonb',
});

/** What `StartedTask` needs; every column costs the worker more than the server. A pending row has no cancel request. */
const ANSWER = `id, task_id, type, queue, priority, user_id, payload, attempt, retry_count, max_retry, retry_delay_ms, backoff,
  timeout_ms, crash_count, schedule_id, slot_at, run_at, expires_at, created_at, started_at, trace`;

const COUNTED = countedMove('pending', 'processing');

/**
 * $1 task_ids, $2 their attempts, $3 the worker.
 *
 * - Found by `LATERAL … OFFSET 0`, one look into the index each. For a join the planner may choose to read all that waits instead,
 *   when it plans while it takes the leaf for empty; see docs/decisions/0002-table-layout.md.
 * - Taken by address, which saves a lock and a second look-up, 2 µs a row. A row that somebody updates in place meanwhile is
 *   not taken: it stays pending, its entry comes again. Addresses are gone through in their order, so two gates never deadlock.
 */
const START = `
  WITH gone AS (
    DELETE FROM tasks_uncounted t
    WHERE t.status = 'pending' AND t.ctid = ANY (ARRAY(
      SELECT p.at
      FROM ROWS FROM (unnest((SELECT $1::text[])), unnest((SELECT $2::integer[]))) AS e (task_id, attempt)
      CROSS JOIN LATERAL (
        SELECT ctid AS at FROM tasks_pending WHERE task_id = e.task_id AND attempt = e.attempt OFFSET 0
      ) AS p
    )) AND t.run_at <= now() + ${EARLY_TOLERANCE} AND (t.expires_at IS NULL OR t.expires_at > now())
    RETURNING ${STARTED}
  ), ${COUNTED}
  INSERT INTO tasks_uncounted (${TASK_COLUMNS}) SELECT * FROM gone RETURNING ${ANSWER}`;

const WHY_NOT = `
  SELECT task_id, status, attempt,
    greatest(0, ceil(extract(epoch FROM run_at - now()) * 1000))::float8 AS due_in_ms,
    coalesce(expires_at <= now(), false) AS expired
  FROM tasks WHERE task_id = ANY ($1::text[])`;

/** The driver gives `bigint` as text. */
interface StartedRow {
  readonly id: string;
  readonly task_id: string;
  readonly type: string;
  readonly queue: string;
  readonly priority: number;
  readonly user_id: string | null;
  readonly payload: StartedTask['payload'];
  readonly attempt: number;
  readonly retry_count: number;
  readonly max_retry: number;
  readonly retry_delay_ms: string;
  readonly backoff: StartedTask['backoff'];
  readonly timeout_ms: string | null;
  readonly crash_count: number;
  readonly schedule_id: string | null;
  readonly slot_at: Date | null;
  readonly run_at: Date;
  readonly expires_at: Date | null;
  readonly created_at: Date;
  readonly started_at: Date;
  readonly trace: StartedTask['trace'];
}

interface Standing {
  readonly task_id: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly due_in_ms: number;
  readonly expired: boolean;
}

/** See `TaskRepository.startMany`. */
export async function startTasks(
  db: Database,
  { starts, workerId }: { readonly starts: readonly Start[]; readonly workerId: string },
  manager?: EntityManager,
): Promise<StartResult[]> {
  if (starts.length === 0) return [];
  const rows = await db.queryPrepared<StartedRow>(
    statement(),
    [arrayLiteral(starts, ({ taskId }) => taskId), arrayLiteral(starts, ({ attempt }) => attempt), workerId],
    manager,
  );
  const started = new Map(rows.map((row) => [row.task_id, row]));

  const closed = starts.filter((start) => !started.has(start.taskId));
  const standings = closed.length > 0 ? await standingsOf(db, closed, manager) : new Map<string, Standing>();
  const expired = await expireTasks(db, expiredOf(closed, standings), manager);
  return starts.map((start) => {
    const row = started.get(start.taskId);
    if (row && (row.attempt === start.attempt + 1 || __MUTANT__ === 'no_gate')) {
      // A second entry of the same batch finds the task running.
      started.set(start.taskId, { ...row, attempt: -1 });
      return { kind: 'started', task: startedTask(row) };
    }
    if (row) return { kind: 'refused', taskId: start.taskId, reason: 'running' };
    if (expired.has(start.taskId)) return { kind: 'expired', taskId: start.taskId };
    return refusal(start, standings.get(start.taskId));
  });
}

function statement(): PreparedStatement {
  return { name: 'start', plans: 'by_key', text: __MUTANT__ === 'no_gate' ? withoutConditions(START) : START };
}

/** For a mutant of the fault suite. */
function withoutConditions(start: string): string {
  return start
    .replace(
      /WHERE t\.status[^]*?RETURNING/,
      'WHERE t.task_id = ANY ($1::text[]) AND $2::integer[] IS NOT NULL RETURNING',
    )
    .replace(`, ${COUNTED}`, '')
    .replaceAll('tasks_uncounted', 'tasks')
    .replace('t.finished_at', 'NULL::timestamptz');
}

/** Written out: the reader of whole rows builds them name by name, which takes three times as long. */
function startedTask(row: StartedRow): StartedTask {
  return {
    id: Number(row.id),
    taskId: row.task_id,
    type: row.type,
    queue: row.queue,
    priority: row.priority,
    userId: row.user_id,
    payload: row.payload,
    attempt: row.attempt,
    retryCount: row.retry_count,
    maxRetry: row.max_retry,
    retryDelayMs: Number(row.retry_delay_ms),
    backoff: row.backoff,
    timeoutMs: row.timeout_ms === null ? null : Number(row.timeout_ms),
    crashCount: row.crash_count,
    scheduleId: row.schedule_id === null ? null : Number(row.schedule_id),
    slotAt: row.slot_at,
    runAt: row.run_at,
    expiresAt: row.expires_at,
    cancelRequestedAt: null,
    createdAt: row.created_at,
    startedAt: row.started_at,
    trace: row.trace,
  };
}

async function standingsOf(
  db: Database,
  closed: readonly Start[],
  manager?: EntityManager,
): Promise<Map<string, Standing>> {
  const rows = await db.query<Standing>(WHY_NOT, [closed.map((start) => start.taskId)], manager);
  return new Map(rows.map((row) => [row.task_id, row]));
}

function expiredOf(closed: readonly Start[], standings: ReadonlyMap<string, Standing>): readonly string[] {
  return closed
    .filter(({ taskId, attempt }) => {
      const standing = standings.get(taskId);
      return standing?.status === 'pending' && standing.attempt === attempt && standing.expired;
    })
    .map(({ taskId }) => taskId);
}

function refusal({ taskId, attempt }: Start, standing: Standing | undefined): StartResult {
  if (!standing) return { kind: 'refused', taskId, reason: 'no_row' };
  if (standing.status === 'processing') return { kind: 'refused', taskId, reason: 'running' };
  if (standing.status !== 'pending') return { kind: 'refused', taskId, reason: 'final' };
  if (standing.attempt !== attempt) return { kind: 'refused', taskId, reason: 'stale' };
  // Also a task that fell due between the two statements: it comes again at once.
  return { kind: 'early', taskId, dueInMs: standing.due_in_ms };
}
