import { isFinal } from '@millrace/contracts';
import type { Database } from './database';
import { AttemptEntity } from './entities';
import { columnsOf, rowReader } from './row-reader';
import { readTask, TASK_COLUMNS } from './task-columns';
import type { AttemptRow, TaskRow } from './task-row';

/** More attempts than any policy allows; bounds what one answer can hold. */
const ATTEMPT_LIMIT = 2_000;

const readAttempt = rowReader(AttemptEntity);

const HISTORY = `
  SELECT ${columnsOf(AttemptEntity).join(', ')} FROM task_attempts
  WHERE task_id = $1 ORDER BY attempt, finished_at LIMIT ${ATTEMPT_LIMIT}`;

const TASK = `SELECT ${TASK_COLUMNS} FROM task_by_task_id($1)`;

/** An attempt as it is shown: the one that runs now has no outcome yet. */
export type ShownAttempt = Omit<AttemptRow, 'outcome'> & { readonly outcome: AttemptRow['outcome'] | null };

/** The history of one task's attempts. */
export class AttemptQueries {
  constructor(private readonly db: Database) {}

  /** All attempts by number, the running one and a first success included; empty when there is no such task. */
  async ofTask(taskId: string): Promise<ShownAttempt[]> {
    const [history, [raw]] = await Promise.all([this.db.query(HISTORY, [taskId]), this.db.query(TASK, [taskId])]);
    if (!raw) return [];
    const attempts = history.map(readAttempt);
    const own = attemptInRow(readTask(raw));
    const isThere = attempts.some(({ attempt, outcome }) => attempt === own?.attempt && outcome !== 'superseded');
    return own && !isThere ? [...attempts, own] : attempts;
  }
}

/** The attempt that the task's own row tells of: it runs, or it was the last one and succeeded. */
function attemptInRow(task: TaskRow): ShownAttempt | null {
  const { taskId, attempt, status, workerId, startedAt, finishedAt } = task;
  if (status !== 'processing' && status !== 'success') return null;
  return {
    taskId,
    attempt,
    outcome: isFinal(status) ? 'succeeded' : null,
    workerId,
    startedAt,
    finishedAt,
    errorMessage: null,
    errorCode: null,
  };
}
