import type { ErrorCode, TaskStatus } from '@millrace/contracts';
import type { EntityManager } from 'typeorm';
import type { Database } from './database';
import {
  missingCandidates,
  missingCandidatesOf,
  type CandidatePage,
  type MissingCandidate,
} from './missing-candidates';
import { readTask, TASK_COLUMNS } from './task-columns';
import { countByStatus, type CountFilter } from './task-counts';
import type { TaskFilter } from './task-filter';
import { listTasks, type PageRequest, type TaskPage } from './task-list';
import type { TaskRow } from './task-row';

/** A running task and who holds it. */
export interface RunningTask {
  readonly id: number;
  readonly taskId: string;
  readonly type: string;
  readonly attempt: number;
  readonly workerId: string;
  readonly queue: string;
}

/** How a task stands, without what it carries. */
export interface TaskStanding {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  /** Who holds it, or held it last; null when nobody did. */
  readonly workerId: string | null;
}

/** How many tasks of a type failed for one reason. */
export interface RecentFailure {
  readonly type: string;
  readonly errorCode: ErrorCode | null;
  readonly count: number;
}

const BY_ID = `SELECT ${TASK_COLUMNS} FROM task_by_id($1)`;
const BY_TASK_ID = `SELECT ${TASK_COLUMNS} FROM task_by_task_id($1)`;
const BY_TASK_IDS = `SELECT ${TASK_COLUMNS} FROM tasks WHERE task_id = ANY ($1::text[])`;

const STANDINGS = `SELECT task_id, status, attempt, worker_id FROM tasks WHERE task_id = ANY ($1::text[])`;

const PENDING_BY_IDS = `SELECT ${TASK_COLUMNS} FROM tasks_pending WHERE id = ANY ($1::bigint[]) ORDER BY id`;

const RUNNING_COLUMNS = 't.id, t.task_id, t.type, t.attempt, t.worker_id, t.queue';
const RUNNING_OF = `SELECT ${RUNNING_COLUMNS} FROM tasks_processing t WHERE t.worker_id = $1 ORDER BY t.id`;
const RUNNING_OF_VANISHED = `
  SELECT ${RUNNING_COLUMNS} FROM tasks_processing t
  WHERE NOT EXISTS (
    SELECT FROM workers w WHERE w.worker_id = t.worker_id AND w.last_seen > now() - $1::float8 * interval '1 ms'
  ) AND t.started_at <= now() - $1::float8 * interval '1 ms'
  ORDER BY t.id LIMIT $2`;

const QUEUE_NAMES = `
  SELECT queue FROM (
    SELECT queue, n FROM task_counts UNION ALL SELECT queue, n FROM task_count_deltas
  ) AS c GROUP BY queue HAVING sum(n) > 0 ORDER BY queue`;

const PENDING_TYPES = `
  SELECT type, sum(n)::float8 AS n FROM (
    SELECT type, n FROM task_counts WHERE status = 'pending'
    UNION ALL SELECT type, n FROM task_count_deltas WHERE status = 'pending'
  ) AS c GROUP BY type HAVING sum(n) > 0 ORDER BY n DESC, type LIMIT $1`;

const RECENT_FAILURES = `
  SELECT type, error_code, count(*)::integer AS n FROM tasks_failed
  WHERE finished_at > now() - $1::float8 * interval '1 ms'
  GROUP BY type, error_code ORDER BY n DESC, type, error_code LIMIT $2`;

interface StandingRow {
  readonly task_id: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly worker_id: string | null;
}

interface RunningRow {
  readonly id: string;
  readonly task_id: string;
  readonly type: string;
  readonly attempt: number;
  readonly worker_id: string;
  readonly queue: string;
}

/** Every read of `tasks`. All methods throw `StoreUnavailable` while PostgreSQL is away or takes longer than 5 s. */
export class TaskQueries {
  constructor(private readonly db: Database) {}

  /** A page, newest first, and the total of the whole list. Throws `InvalidCursor`. */
  list(filter: TaskFilter, page: PageRequest): Promise<TaskPage> {
    return listTasks(this.db, filter, page);
  }

  /** Exact, from counters. */
  countByStatus(filter: CountFilter = {}): Promise<Record<TaskStatus, number>> {
    return countByStatus(this.db, filter);
  }

  async findById(id: number): Promise<TaskRow | null> {
    const [row] = await this.db.query(BY_ID, [id]);
    return row ? readTask(row) : null;
  }

  /** With `manager` as that transaction sees it, its own uncommitted tasks included. */
  async findByTaskId(taskId: string, manager?: EntityManager): Promise<TaskRow | null> {
    const [row] = await this.db.query(BY_TASK_ID, [taskId], manager);
    return row ? readTask(row) : null;
  }

  /** The rows of those ids that have one, in any order; at most 1,000 ids. */
  async findByTaskIds(taskIds: readonly string[]): Promise<TaskRow[]> {
    if (taskIds.length === 0) return [];
    return (await this.db.query(BY_TASK_IDS, [taskIds])).map(readTask);
  }

  /** How the tasks of those ids that have a row stand, in any order. */
  async standingsOf(taskIds: readonly string[]): Promise<TaskStanding[]> {
    if (taskIds.length === 0) return [];
    const rows = await this.db.query<StandingRow>(STANDINGS, [taskIds]);
    return rows.map((row) => ({
      taskId: row.task_id,
      status: row.status,
      attempt: row.attempt,
      workerId: row.worker_id,
    }));
  }

  /** Those of these database ids that wait, by rising id. */
  async pendingByIds(ids: readonly number[]): Promise<TaskRow[]> {
    if (ids.length === 0) return [];
    return (await this.db.query(PENDING_BY_IDS, [ids])).map(readTask);
  }

  /**
   * Waiting tasks that nothing has changed for `olderThanMs`, delayed ones too, by rising id: page with `afterId` = the
   * last id, from 0. Whether they are in Redis is for the caller to ask.
   */
  async missingCandidates(page: CandidatePage): Promise<MissingCandidate[]> {
    return missingCandidates(this.db, page);
  }

  /** Those of these ids that wait, as candidates of the repair. */
  async missingCandidatesOf(taskIds: readonly string[]): Promise<MissingCandidate[]> {
    return missingCandidatesOf(this.db, taskIds);
  }

  /** What the record says this worker runs. */
  async processingOf(workerId: string): Promise<RunningTask[]> {
    return (await this.db.query<RunningRow>(RUNNING_OF, [workerId])).map(runningTask);
  }

  /** Tasks started at least `silentMs` ago whose worker is unknown or was not seen for `silentMs`. */
  async processingOfVanished(search: { readonly silentMs: number; readonly limit: number }): Promise<RunningTask[]> {
    const rows = await this.db.query<RunningRow>(RUNNING_OF_VANISHED, [search.silentMs, search.limit]);
    return rows.map(runningTask);
  }

  /** Queues that any recorded task names. */
  async queueNames(): Promise<string[]> {
    return (await this.db.query<{ queue: string }>(QUEUE_NAMES)).map((row) => row.queue);
  }

  /** Types with waiting tasks and how many of each, most first; at most `limit`. */
  async pendingTypes(limit: number): Promise<{ readonly type: string; readonly count: number }[]> {
    const rows = await this.db.query<{ type: string; n: number }>(PENDING_TYPES, [limit]);
    return rows.map(({ type, n }) => ({ type, count: n }));
  }

  /** What failed for good within the last `withinMs`, by type and error code, most first; at most `limit` lines. */
  async recentFailures(withinMs: number, limit: number): Promise<RecentFailure[]> {
    const rows = await this.db.query<{ type: string; error_code: ErrorCode | null; n: number }>(RECENT_FAILURES, [
      withinMs,
      limit,
    ]);
    return rows.map(({ type, error_code: errorCode, n }) => ({ type, errorCode, count: n }));
  }
}

function runningTask(row: RunningRow): RunningTask {
  return {
    id: Number(row.id),
    taskId: row.task_id,
    type: row.type,
    attempt: row.attempt,
    workerId: row.worker_id,
    queue: row.queue,
  };
}
