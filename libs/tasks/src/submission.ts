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
   * Records the task inside the caller's own transaction, whose manager this is (`dataSource.transaction((manager) => …)`):
   * it commits or vanishes with everything else in there, and is dispatched as soon as that commits.
   */
  readonly manager?: EntityManager;
  /**
   * With `manager`: who dispatches after the commit. `notice` (default): the database tells the scheduler in the same
   * moment. `caller`: you call `TaskSubmitter.dispatch`. What either forgets the repair finds within seconds.
   */
  readonly dispatchBy?: 'notice' | 'caller';
}

/** One task of a bulk submit. */
export interface Submission {
  readonly type: string;
  readonly payload: Json;
  readonly options?: Omit<SubmitOptions, 'manager' | 'dispatchBy'>;
}

/** The recorded task, as its row stands. */
export interface SubmittedTask extends TaskRow {
  /** False when a unique key answered with a task that was there before. */
  readonly created: boolean;
  /** False when Redis could not be reached (the repair dispatches it), or the caller's transaction has yet to commit. */
  readonly dispatched: boolean;
}
