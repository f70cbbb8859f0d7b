import type { TaskStatus } from '@millrace/contracts';
import type { EntityManager } from 'typeorm';
import {
  cancelIfPending,
  requestCancelIfProcessing,
  retryIfFinal,
  updateStatus,
  type StatusChange,
} from './change-status';
import type { Database } from './database';
import { expireSomeTasks } from './expire-tasks';
import { insertInParts } from './insert-in-parts';
import { insertTasks } from './insert-tasks';
import { recordOutcomes } from './record-outcomes';
import { recordRaw } from './record-raw';
import { cancelRequested, rescueIfProcessing, setProgress } from './running-tasks';
import { startTasks } from './start-tasks';
import { announce } from './submit-notices';
import type {
  InsertResult,
  NewTask,
  OutcomeRecord,
  ProgressRecord,
  RawEntry,
  RawRecorded,
  RecordedOutcome,
  Rescue,
  Start,
  StartResult,
  TaskRow,
} from './task-row';

/** Who is noted for a retry or cancel when nobody is known, as without authentication. */
export const ANONYMOUS = 'anonymous';

/**
 * Every write to `tasks`.
 *
 * - A write about a running attempt names (task, attempt) and tells whether it won; one that lost changes nothing.
 * - Batches take any order and lock rows in id order; keep them at or below 1,000 rows (`insertMany` 10,000).
 * - All methods throw `StoreUnavailable` while PostgreSQL is away; calling again is safe for all but `insertMany`
 *   without task_ids of the caller.
 */
export class TaskRepository {
  constructor(private readonly db: Database) {}

  /** Runs `work` in one transaction, again when it lost a race to another one. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.db.transaction(work);
  }

  /**
   * Inserts new tasks and answers each in the same order; what is taken is left out and does not fail its neighbours.
   * With `manager` it is part of that transaction, and may throw a lost race of it (SQLSTATE 40P01, 40001).
   * Throws `UnstorableData`, or `NotInTransaction` when `manager` is in none.
   */
  insertMany(tasks: readonly NewTask[], manager?: EntityManager): Promise<InsertResult[]> {
    return insertTasks(this.db, tasks, manager);
  }

  /**
   * The same within the transaction of `manager`, answered a part at a time, in order: whoever reads works on one part while
   * PostgreSQL inserts the next. It is for many tasks; what it throws leaves some of them inserted.
   */
  insertInParts(tasks: readonly NewTask[], manager: EntityManager): AsyncGenerator<InsertResult[]> {
    return insertInParts(this.db, tasks, manager);
  }

  /**
   * Has the tasks with these database ids dispatched as soon as the transaction of `manager` commits: the database then
   * tells whoever listens (`SubmitNotices`).
   */
  announce(ids: readonly number[], manager: EntityManager): Promise<void> {
    return announce(this.db, ids, manager);
  }

  /** Gives raw queue entries their rows, by task_id. An id that is recorded anywhere is left as it is. */
  recordRaw(entries: readonly RawEntry[]): Promise<Map<string, RawRecorded>> {
    return recordRaw(this.db, entries);
  }

  /**
   * The start gate: gives those tasks to the worker that are `pending`, of the entry's attempt and due (100 ms early at
   * most). Answers each start in order. Of one task twice in a batch only one starts. With `manager` as part of that
   * transaction: what it inserted itself is never seen waiting.
   */
  startMany(starts: readonly Start[], workerId: string, manager?: EntityManager): Promise<StartResult[]> {
    return startTasks(this.db, { starts, workerId }, manager);
  }

  /**
   * Records how attempts ended; answers only those that won, in any order. A requested cancel turns everything but
   * success into `cancelled`. Late ones are kept as `superseded` in the history. Sending the same records again after
   * an error is safe: what was recorded is answered as won. A result that cannot be stored is replaced by a note.
   */
  recordOutcomes(outcomes: readonly OutcomeRecord[]): Promise<RecordedOutcome[]> {
    return recordOutcomes(this.db, outcomes);
  }

  /** Cancels a waiting task; null when it does not wait. `actor` is noted in the audit log. */
  cancelIfPending(taskId: string, actor = ANONYMOUS): Promise<TaskRow | null> {
    return cancelIfPending(this.db, taskId, actor);
  }

  /** Asks a running task to stop; null when it does not run. The first request's time stays. */
  requestCancelIfProcessing(taskId: string, actor = ANONYMOUS): Promise<TaskRow | null> {
    return requestCancelIfProcessing(this.db, taskId, actor);
  }

  /** Running tasks of a worker that should stop. */
  cancelRequested(workerId: string): Promise<{ readonly taskId: string; readonly attempt: number }[]> {
    return cancelRequested(this.db, workerId);
  }

  /**
   * Puts a `failed` or `cancelled` task back to wait, due now, with fresh budgets and the same `attempt`; null when it is
   * neither, or records a run of a function (`isFunctionType`), which no worker could run again. An `expires_at` that has passed is dropped, or it would only expire again.
   */
  retryIfFinal(taskId: string, actor = ANONYMOUS): Promise<TaskRow | null> {
    return retryIfFinal(this.db, taskId, actor);
  }

  /** Changes a task's status outside of the batches; null when there is no such task. Throws `IllegalTransition`. */
  updateStatus(taskId: string, to: TaskStatus, change: StatusChange = {}): Promise<TaskRow | null> {
    return updateStatus(this.db, taskId, to, change);
  }

  /** Stores progress of running attempts; answers how many still run. Of one task twice the last counts. */
  setProgress(records: readonly ProgressRecord[]): Promise<number> {
    return setProgress(this.db, records);
  }

  /**
   * Takes running attempts from lost workers; answers only those that won. They wait again with `crash_count` + 1, or
   * fail with `worker_crashed` at the limit, or end `cancelled` when that was asked for.
   */
  rescueIfProcessing(rescues: readonly Rescue[]): Promise<RecordedOutcome[]> {
    return rescueIfProcessing(this.db, rescues);
  }

  /** Fails up to `limit` waiting tasks whose `expires_at` has passed; answers how many. */
  expirePending(limit: number): Promise<number> {
    return expireSomeTasks(this.db, limit);
  }
}
