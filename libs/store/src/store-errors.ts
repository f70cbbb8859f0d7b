import type { TaskStatus } from '@millrace/contracts';

/** PostgreSQL is away, overloaded or too slow; the same call may succeed later. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super(`PostgreSQL is unavailable: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'StoreUnavailable';
  }
}

/** Another transaction holds what this one asked for, such as a unique key, and did not end in time. */
export class LockTimedOut extends StoreUnavailable {
  constructor(cause: unknown) {
    super(cause);
    this.name = 'LockTimedOut';
  }
}

/** A value that PostgreSQL cannot hold, such as a number beyond its range; sending it again cannot succeed. */
export class UnstorableData extends Error {
  constructor(cause: unknown) {
    super(`PostgreSQL cannot hold the data: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'UnstorableData';
  }
}

/** A status change that no rule allows. */
export class IllegalTransition extends Error {
  constructor(
    readonly from: TaskStatus,
    readonly to: TaskStatus,
  ) {
    super(`a task cannot go from ${from} to ${to}`);
    this.name = 'IllegalTransition';
  }
}

/** A cursor that no list gave. */
export class InvalidCursor extends Error {
  constructor(readonly cursor: string) {
    super('is not a cursor of this list');
    this.name = 'InvalidCursor';
  }
}

/** The Idempotency-Key was used before, with another request. */
export class IdempotencyKeyReused extends Error {
  constructor(readonly key: string) {
    super('the Idempotency-Key was used with another request');
    this.name = 'IdempotencyKeyReused';
  }
}

/** Thrown by a write that is to be part of the caller's transaction when there is none: it would commit on its own. */
export class NotInTransaction extends Error {
  constructor() {
    super('manager must be the EntityManager of an open transaction, as dataSource.transaction() hands it out');
    this.name = 'NotInTransaction';
  }
}
