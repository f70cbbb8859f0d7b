import type { EntityManager } from 'typeorm';
import type { Database } from './database';
import { rowsInsert, type InsertableTask, type InsertedRows } from './insert-rows';
import { NotInTransaction } from './store-errors';
import type { InsertResult, NewTask } from './task-row';
import { claimUniqueKeys } from './unique-keys';

/**
 * Removes what was just inserted although another leaf has its task_id. A statement of its own, because only a snapshot
 * taken after the insert sees a task that was moving meanwhile; in any one snapshot a task is in exactly one leaf.
 */
const REMOVE_TAKEN = `
  WITH taken AS (
    SELECT DISTINCT task_id FROM tasks WHERE task_id = ANY ($1::text[]) AND status <> 'pending'
  ), removed AS (
    DELETE FROM tasks_pending WHERE task_id = ANY (ARRAY(SELECT task_id FROM taken)) RETURNING task_id
  )
  SELECT task_id FROM removed`;

const REMOVE = `
  WITH removed AS (DELETE FROM tasks_pending WHERE task_id = ANY ($1::text[]) RETURNING 1) SELECT count(*) FROM removed`;

/** Bulk inserts may take longer than the limit of ordinary statements. */
const LONG_FROM_TASKS = 1_000;

/** See `TaskRepository.insertMany`. */
export async function insertTasks(
  db: Database,
  tasks: readonly NewTask[],
  manager?: EntityManager,
): Promise<InsertResult[]> {
  if (manager) refuseOutside(manager);
  if (tasks.length === 0) return [];
  if (tasks.length < LONG_FROM_TASKS && !tasks.some(mayWait)) return freshInsert(db, tasks)(manager);
  const insert = tasks.length < LONG_FROM_TASKS ? insertChecked : insertLong;
  if (manager) return insert(db, tasks, manager);
  return db.transaction((own) => insert(db, tasks, own));
}

/** What a manager outside of a transaction inserts would be committed at once. Throws `NotInTransaction`. */
export function refuseOutside({ queryRunner }: EntityManager): void {
  if (!queryRunner?.isTransactionActive) throw new NotInTransaction();
}

/**
 * Whether somebody's open transaction may hold the task's id or key, and the insert then waits for its end. Such tasks share
 * no statement with others, which never wait.
 */
export function mayWait({ generatedId, uniqueKey }: Pick<NewTask, 'generatedId' | 'uniqueKey'>): boolean {
  return !generatedId || uniqueKey !== null;
}

/** The insert of tasks none of which may wait, with its parameters made: what it returns sends it. */
export function freshInsert(
  db: Database,
  tasks: readonly NewTask[],
): (manager?: EntityManager) => Promise<InsertResult[]> {
  const insert = rowsInsert(db, tasks, { named: false });
  return async (manager) => {
    const rows = await insert(manager);
    return freshResults(tasks, rows) ?? resultsOf(tasks, byTaskId(rows), new Map());
  };
}

function insertLong(db: Database, tasks: readonly NewTask[], manager: EntityManager): Promise<InsertResult[]> {
  return db.longStatements(manager, () => insertChecked(db, tasks, manager));
}

async function insertChecked(db: Database, tasks: readonly NewTask[], manager: EntityManager): Promise<InsertResult[]> {
  const inserted = await insertRows(db, tasks, manager);

  await removeTaken(db, tasks, inserted, manager);
  const holders = await claimUniqueKeys(db, firstOfEachKey(tasks, inserted), manager);
  const refused = tasks.filter((task) => isUniqueTaken(task, inserted, holders)).map((task) => task.taskId);
  if (refused.length > 0) await db.query(REMOVE, [refused], manager);
  return resultsOf(tasks, inserted, holders);
}

/** What the database has given a new row. */
export interface InsertedRow {
  readonly id: number;
  readonly createdAt: Date;
}

/** Inserted rows by task_id. */
export async function insertRows(
  db: Database,
  tasks: readonly InsertableTask[],
  manager?: EntityManager,
): Promise<Map<string, InsertedRow>> {
  // Two batches that name the same ids wait for each other in one order.
  const named = tasks.some((task) => !task.generatedId);
  const ordered = named ? [...tasks].sort((a, b) => compareBytes(a.taskId, b.taskId)) : tasks;
  return byTaskId(await rowsInsert(db, ordered, { named })(manager));
}

function byTaskId({ taskIds, ids, createdAt }: InsertedRows): Map<string, InsertedRow> {
  return new Map(taskIds.map((taskId, index) => [taskId, { id: ids[index] as number, createdAt }]));
}

/** Rows come back in the order in which they went in, though nobody has promised it; undefined when they do not. */
function freshResults(
  tasks: readonly NewTask[],
  { taskIds, ids, createdAt }: InsertedRows,
): InsertResult[] | undefined {
  if (taskIds.length !== tasks.length || tasks.some(({ taskId }, index) => taskId !== taskIds[index])) return undefined;
  return tasks.map((task, index) => insertedResult(task, { id: ids[index] as number, createdAt }));
}

/** When it is due follows from what it came with, by the same clock: it is not worth an answer of its own. */
function insertedResult({ taskId, runAt, delayMs }: NewTask, { id, createdAt }: InsertedRow): InsertResult {
  const due = delayMs === null ? createdAt : new Date(createdAt.getTime() + delayMs);
  return { kind: 'inserted', id, taskId, createdAt, runAt: runAt ?? due };
}

/** Takes ids that another leaf has out of `inserted`, and their new rows out of the table. */
export async function removeTaken(
  db: Database,
  tasks: readonly NewTask[],
  inserted: Map<string, InsertedRow>,
  manager: EntityManager,
): Promise<void> {
  const named = tasks.filter((task) => !task.generatedId && inserted.has(task.taskId)).map((task) => task.taskId);
  if (named.length === 0) return;
  const removed = await db.query<{ task_id: string }>(REMOVE_TAKEN, [named], manager);
  for (const row of removed) inserted.delete(row.task_id);
}

/** Of tasks of one batch under the same key the first one asks for it. */
function firstOfEachKey(tasks: readonly NewTask[], inserted: ReadonlyMap<string, InsertedRow>): readonly NewTask[] {
  const first = new Map<string, NewTask>();
  for (const task of tasks) {
    if (task.uniqueKey !== null && inserted.has(task.taskId) && !first.has(task.uniqueKey)) {
      first.set(task.uniqueKey, task);
    }
  }
  return [...first.values()];
}

function isUniqueTaken(
  task: NewTask,
  inserted: ReadonlyMap<string, InsertedRow>,
  holders: ReadonlyMap<string, string>,
): boolean {
  return task.uniqueKey !== null && inserted.has(task.taskId) && holders.get(task.uniqueKey) !== task.taskId;
}

function resultsOf(
  tasks: readonly NewTask[],
  inserted: ReadonlyMap<string, InsertedRow>,
  holders: ReadonlyMap<string, string>,
): InsertResult[] {
  const answered = new Set<string>();
  return tasks.map((task) => {
    const row = inserted.get(task.taskId);
    // A task_id twice in one batch: the row is the first one's.
    if (!row || answered.has(task.taskId)) return { kind: 'task_id_taken', taskId: task.taskId };
    answered.add(task.taskId);
    const holder = task.uniqueKey === null ? task.taskId : holders.get(task.uniqueKey);
    if (holder !== undefined && holder !== task.taskId) return { kind: 'unique_taken', taskId: holder };
    return insertedResult(task, row);
  });
}

/** The order of COLLATE "C" for the characters an id may have. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
