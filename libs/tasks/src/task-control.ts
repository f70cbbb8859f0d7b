import { isFunctionType, within } from '@millrace/contracts';
import { CancelSignals, Queues } from '@millrace/queue';
import { TaskQueries, TaskRepository, type TaskRow } from '@millrace/store';
import { Injectable, Logger } from '@nestjs/common';
import { dispatchOf } from './dispatch-of';
import { TaskNotCancellable, TaskNotFound, TaskNotRetryable } from './task-errors';

/** What a cancel did: the task was pending and is cancelled; its handler is told to stop; it was cancelled before. */
export interface Cancelled {
  readonly row: TaskRow;
  readonly state: 'cancelled' | 'requested' | 'already';
}

/** A task can change between two looks at it only when others work on it; so often in a row it does not. */
const MAX_LOOKS = 5;

const REDIS_DEADLINE_MS = 500;

const RUN_AGAIN = 'it records a run of a function in a scheduler, whose schedule can be run again instead';

/**
 * What a person may do to a recorded task. Redis only speeds it up: without it the row's word is found by polling.
 * `actor` is who is noted in the audit log; without one it is `anonymous`.
 */
@Injectable()
export class TaskControl {
  private readonly logger = new Logger(TaskControl.name);

  constructor(
    private readonly tasks: TaskRepository,
    private readonly queries: TaskQueries,
    private readonly queues: Queues,
    private readonly cancels: CancelSignals,
  ) {}

  /**
   * Makes a failed or cancelled task pending again, with all its retries; its attempts go on counting.
   * Throws `TaskNotFound`, `TaskNotRetryable`.
   */
  async retry(taskId: string, actor?: string): Promise<TaskRow> {
    const row = await this.tasks.retryIfFinal(taskId, actor);
    if (!row) throw await this.notRetryable(taskId);
    await this.hint('Dispatch deferred to the repair', taskId, () =>
      this.queues.of(row.queue).enqueue([dispatchOf(row)]),
    );
    return row;
  }

  /**
   * Cancels a pending task at once and asks the worker of a processing one to stop.
   * Throws `TaskNotFound`, `TaskNotCancellable` when it has ended otherwise.
   */
  async cancel(taskId: string, actor?: string): Promise<Cancelled> {
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const cancelled = await this.tasks.cancelIfPending(taskId, actor);
      if (cancelled) {
        // A delayed entry would lie in Redis until it is due.
        await this.hint('Entry of a cancelled task left to the start gate', taskId, () =>
          this.queues.of(cancelled.queue).forget(cancelled),
        );
        return { row: cancelled, state: 'cancelled' };
      }

      const requested = await this.tasks.requestCancelIfProcessing(taskId, actor);
      if (requested) {
        await this.hint('Cancel left to the poll of its worker', taskId, () => this.cancels.publish(taskId));
        return { row: requested, state: 'requested' };
      }

      const row = await this.queries.findByTaskId(taskId);
      if (!row) throw new TaskNotFound(taskId);
      if (row.status === 'cancelled') return { row, state: 'already' };
      if (row.status === 'success' || row.status === 'failed') throw new TaskNotCancellable(taskId, row.status);
      // It was started or went back to pending between the statements: look again.
    }
    throw new Error(`Task ${taskId} changed its status ${MAX_LOOKS} times while it was being cancelled`);
  }

  private async notRetryable(taskId: string): Promise<TaskNotFound | TaskNotRetryable> {
    const row = await this.queries.findByTaskId(taskId);
    if (!row) return new TaskNotFound(taskId);
    return new TaskNotRetryable(taskId, row.status, isFunctionType(row.type) ? RUN_AGAIN : undefined);
  }

  private async hint(failure: string, taskId: string, send: () => Promise<unknown>): Promise<void> {
    try {
      await within(REDIS_DEADLINE_MS, send());
    } catch (error) {
      this.logger.warn(failure, { taskId, error });
    }
  }
}
