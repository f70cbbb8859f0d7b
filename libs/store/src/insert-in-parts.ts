import { setImmediate } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import type { Database } from './database';
import { freshInsert, insertTasks, mayWait, refuseOutside } from './insert-tasks';
import type { InsertResult, NewTask } from './task-row';

const PART = 250;

/** See `TaskRepository.insertInParts`. */
export async function* insertInParts(
  db: Database,
  tasks: readonly NewTask[],
  manager: EntityManager,
): AsyncGenerator<InsertResult[]> {
  refuseOutside(manager);
  if (tasks.some(mayWait)) {
    // One statement, which takes its locks in one order.
    yield await insertTasks(db, tasks, manager);
    return;
  }
  const partAt = (from: number) => freshInsert(db, tasks.slice(from, from + PART));
  let send = partAt(0);
  let inserted: InsertResult[] | undefined;
  for (let from = 0; from < tasks.length; from += PART) {
    const underWay = send(manager);
    // Who stops reading does not come for it.
    underWay.catch(() => undefined);
    // The statement leaves before this thread is busy again.
    await setImmediate();
    if (inserted) yield inserted;
    const next = from + PART;
    if (next < tasks.length) send = partAt(next);
    inserted = await underWay;
  }
  if (inserted) yield inserted;
}
