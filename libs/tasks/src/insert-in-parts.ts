import { setImmediate } from 'node:timers/promises';
import type { EntityManager, InsertResult, TaskRepository } from '@millrace/store';
import { mayWait, type Draft } from './draft-task';

const PART = 250;

/** Drafts of a bulk, and what became of each. */
export interface InsertedPart {
  readonly drafts: readonly Draft[];
  readonly results: readonly InsertResult[];
}

/**
 * Inserts drafts in order, a part at a time: whoever reads works on one part while PostgreSQL inserts the next. With a draft
 * that may wait for others there is one statement, which takes its locks in one order.
 */
export async function* insertInParts(
  tasks: TaskRepository,
  drafts: readonly Draft[],
  manager: EntityManager,
): AsyncGenerator<InsertedPart> {
  const size = drafts.some(mayWait) ? drafts.length : PART;
  const insert = (part: readonly Draft[]) =>
    tasks.insertMany(
      part.map(({ task }) => task),
      manager,
    );
  let part = drafts.slice(0, size);
  let underWay = insert(part);
  for (let next = size; part.length > 0; next += size) {
    const inserted = { drafts: part, results: await underWay };
    part = drafts.slice(next, next + size);
    if (part.length > 0) {
      underWay = insert(part);
      // Who stops reading does not come for it.
      underWay.catch(() => undefined);
      // The statement leaves before this thread is busy again.
      await setImmediate();
    }
    yield inserted;
  }
}
