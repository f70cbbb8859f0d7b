import type { TaskStatus } from '@millrace/contracts';

/** No task has this task_id. */
export class TaskNotFound extends Error {
  constructor(readonly taskId: string) {
    super(`There is no task ${taskId}`);
    this.name = 'TaskNotFound';
  }
}

/** The task_id a submit named belongs to another task already; nothing was recorded. */
export class TaskIdTaken extends Error {
  constructor(readonly taskId: string) {
    super(`There already is a task ${taskId}`);
    this.name = 'TaskIdTaken';
  }
}

/** Only a failed or cancelled task can be retried. */
export class TaskNotRetryable extends Error {
  constructor(
    readonly taskId: string,
    readonly status: TaskStatus,
    why = 'only a failed or cancelled task can be retried',
  ) {
    super(`Task ${taskId} is ${status}; ${why}`);
    this.name = 'TaskNotRetryable';
  }
}

/** The task has ended otherwise, so there is nothing left to cancel. */
export class TaskNotCancellable extends Error {
  constructor(
    readonly taskId: string,
    readonly status: TaskStatus,
  ) {
    super(`Task ${taskId} is ${status}; only a pending or processing task can be cancelled`);
    this.name = 'TaskNotCancellable';
  }
}

/** More submits wait for the database than this process may hold; try again shortly. */
export class TooManyWaiting extends Error {
  constructor(readonly limit: number) {
    super(`More than ${limit} submits wait to be recorded`);
    this.name = 'TooManyWaiting';
  }
}
