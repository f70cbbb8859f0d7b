import type { Duration, Json, TaskOptions } from '@millrace/contracts';
import type { EntityManager, TaskRow } from '@millrace/store';

/** What a submit may say beyond type and payload. */
export interface SubmitOptions extends TaskOptions {
  /** Start no sooner than this long from now. Not together with `runAt`. */
  readonly delay?: Duration;
  /** Start no sooner than this moment; a past one means at once. */
  readonly runAt?: Date;
  /**
   * While a task holds this key, a submit with the same key answers with that task instead of making one: for a
   * duration from its submit, or (`for: 'unfinished'`) until it has ended.
   */
  readonly unique?: { readonly key: string; readonly for: Duration };
  /** The schedule that submits it, and the moment it stands for. */
  readonly scheduleId?: number;
  readonly slotAt?: Date;
  /**
   * Records the task inside the caller's own transaction. Nothing is dispatched before that commits: call
   * `TaskSubmitter.dispatch` after it, or leave it to the repair, which finds the task within seconds.
   */
  readonly manager?: EntityManager;
}

/** One task of a bulk submit. */
export interface Submission {
  readonly type: string;
  readonly payload: Json;
  readonly options?: Omit<SubmitOptions, 'manager'>;
}

/** The recorded task, as its row stands. */
export interface SubmittedTask extends TaskRow {
  /** False when a unique key answered with a task that was there before. */
  readonly created: boolean;
  /** False when Redis could not be reached, or the caller's transaction has yet to commit: the repair dispatches it. */
  readonly dispatched: boolean;
}
