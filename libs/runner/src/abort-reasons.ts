/** Why a running attempt's signal aborted; the signal's `reason` is one of these. */
export type AbortReason = AttemptTimedOut | TaskCancelled | WorkerStopping | AttemptSuperseded;

/** The attempt ran longer than the task's timeout. */
export class AttemptTimedOut extends Error {
  constructor(readonly timeoutMs: number) {
    super(`The attempt ran longer than its timeout of ${timeoutMs} ms`);
    this.name = 'AttemptTimedOut';
  }
}

/** Somebody asked for the task to be cancelled. */
export class TaskCancelled extends Error {
  constructor() {
    super('The task was cancelled');
    this.name = 'TaskCancelled';
  }
}

/** The worker stops and the time for running tasks is over; the task starts again elsewhere. */
export class WorkerStopping extends Error {
  constructor() {
    super('The worker is stopping');
    this.name = 'WorkerStopping';
  }
}

/** Another worker was given the task, so nothing this attempt does will be recorded. */
export class AttemptSuperseded extends Error {
  constructor() {
    super('Another attempt of the task has taken its place');
    this.name = 'AttemptSuperseded';
  }
}
