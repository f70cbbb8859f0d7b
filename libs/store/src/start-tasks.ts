import type { TaskStatus } from '@millrace/contracts';
import type { EntityManager } from 'typeorm';
import { arrayLiteral } from './array-literal';
import { countedMove } from './counted-move';
import type { Database, PreparedStatement } from './database';
import { expireTasks } from './expire-tasks';
import { STARTED_ANSWER, STARTED_ONE_ANSWER, startedTasks, type StartedAlike } from './started-answer';
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

const DUE = `t.run_at <= now() + ${EARLY_TOLERANCE} AND (t.expires_at IS NULL OR t.expires_at > now())`;
const BACK = `back AS (INSERT INTO tasks_uncounted (${TASK_COLUMNS}) SELECT * FROM gone)`;
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
    )) AND ${DUE}
    RETURNING ${STARTED}
  ), ${COUNTED}, ${BACK}
  ${STARTED_ANSWER}`;

/** The same for one, of the same parameters: an eighth less of the server's CPU, and a tenth less until a lone task has its start. */
const START_ONE = `
  WITH gone AS (
    DELETE FROM tasks_uncounted t
    WHERE t.status = 'pending' AND t.task_id = ($1::text[])[1] AND t.attempt = ($2::integer[])[1] AND ${DUE}
    RETURNING ${STARTED}
  ), ${countedMove('pending', 'processing', 'one')}, ${BACK}
  ${STARTED_ONE_ANSWER}`;

const WHY_NOT = `
  SELECT task_id, status, attempt,
    greatest(0, ceil(extract(epoch FROM run_at - now()) * 1000))::float8 AS due_in_ms,
    coalesce(expires_at <= now(), false) AS expired
  FROM tasks WHERE task_id = ANY ($1::text[])`;

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
  const rows = await db.queryPrepared<StartedAlike>(
    statementFor(starts.length),
    [arrayLiteral(starts, ({ taskId }) => taskId), arrayLiteral(starts, ({ attempt }) => attempt), workerId],
    manager,
  );
  const started = new Map<string, StartedTask>();
  for (const row of rows) for (const task of startedTasks(row)) started.set(task.taskId, task);

  const closed = starts.filter((start) => !started.has(start.taskId));
  const standings = closed.length > 0 ? await standingsOf(db, closed, manager) : new Map<string, Standing>();
  const expired = await expireTasks(db, expiredOf(closed, standings), manager);
  const given = new Set<StartedTask>();
  return starts.map((start) => {
    const task = started.get(start.taskId);
    // A second entry of the same batch finds the task running.
    if (task && ((task.attempt === start.attempt + 1 && !given.has(task)) || __MUTANT__ === 'no_gate')) {
      given.add(task);
      return { kind: 'started', task };
    }
    if (task) return { kind: 'refused', taskId: start.taskId, reason: 'running' };
    if (expired.has(start.taskId)) return { kind: 'expired', taskId: start.taskId };
    return refusal(start, standings.get(start.taskId));
  });
}

function statementFor(count: number): PreparedStatement {
  if (__MUTANT__ === 'no_gate') return { name: 'start', plans: 'by_key', text: withoutConditions(START) };
  return count === 1
    ? { name: 'start-one', plans: 'by_key', text: START_ONE }
    : { name: 'start', plans: 'by_key', text: START };
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
