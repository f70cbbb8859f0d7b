import type { EntityManager } from 'typeorm';
import { arrayLiteral, type ArrayItem } from './array-literal';
import type { Database, PreparedStatement } from './database';
import { storableJson } from './storable-text';
import { NotInTransaction } from './store-errors';
import type { InsertResult, NewTask } from './task-row';
import { claimUniqueKeys } from './unique-keys';

export interface InsertedRow {
  readonly id: string;
  readonly task_id: string;
  readonly created_at: Date;
  readonly run_at: Date;
}

/**
 * Each column comes as an array of its own, the payloads as one JSON array: a third of the CPU less, for the server, than
 * one array of records, whose every field PostgreSQL looks up by name. A column without values comes as null.
 */
const INSERT = `
  INSERT INTO tasks_pending (
    task_id, type, queue, user_id, payload, priority, retry_count, max_retry, retry_delay_ms, timeout_ms, backoff,
    run_at, expires_at, unique_key, schedule_id, slot_at, trace
  )
  SELECT
    task_id, type, queue, user_id, payload, priority, retry_count, max_retry, retry_delay_ms, timeout_ms, backoff::jsonb,
    coalesce(run_at, now() + coalesce(delay_ms, 0) * interval '1 ms'), expires_at, unique_key, schedule_id, slot_at, trace::jsonb
  FROM ROWS FROM (
    unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]), jsonb_array_elements($5::jsonb),
    unnest($6::smallint[]), unnest($7::integer[]), unnest($8::integer[]), unnest($9::bigint[]), unnest($10::bigint[]),
    unnest($11::text[]), unnest($12::timestamptz[]), unnest($13::bigint[]), unnest($14::timestamptz[]), unnest($15::text[]),
    unnest($16::bigint[]), unnest($17::timestamptz[]), unnest($18::text[])
  ) AS s (
    task_id, type, queue, user_id, payload,
    priority, retry_count, max_retry, retry_delay_ms, timeout_ms,
    backoff, run_at, delay_ms, expires_at, unique_key,
    schedule_id, slot_at, trace
  )
`;

const ANSWER = 'RETURNING id, task_id, created_at, run_at';

/** Ids that Millrace has just made need no second look, which costs a twentieth of the insert. */
const INSERT_FRESH: PreparedStatement = { name: 'insert-fresh', plans: 'any', text: `${INSERT} ${ANSWER}` };
const INSERT_IF_FREE: PreparedStatement = {
  name: 'insert-if-free',
  plans: 'any',
  text: `${INSERT} ON CONFLICT (task_id) DO NOTHING ${ANSWER}`,
};

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

/** A raw entry may say that some retries are used already. */
export type InsertableTask = NewTask & { readonly retryCount?: number };

/** Bulk inserts may take longer than the limit of ordinary statements. */
const LONG_FROM_TASKS = 1_000;

/** See `TaskRepository.insertMany`. */
export async function insertTasks(
  db: Database,
  tasks: readonly NewTask[],
  manager?: EntityManager,
): Promise<InsertResult[]> {
  if (manager && !manager.queryRunner?.isTransactionActive) throw new NotInTransaction();
  if (tasks.length === 0) return [];
  const alone = tasks.every((task) => task.generatedId && task.uniqueKey === null);
  if (alone && tasks.length < LONG_FROM_TASKS) {
    const rows = await db.queryPrepared<InsertedRow>(INSERT_FRESH, columnsOf(tasks), manager);
    return freshResults(tasks, rows) ?? resultsOf(tasks, byTaskId(rows), new Map());
  }
  const insert = tasks.length < LONG_FROM_TASKS ? insertChecked : insertLong;
  if (manager) return insert(db, tasks, manager);
  return db.transaction((own) => insert(db, tasks, own));
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

/** Inserted rows by task_id. */
export async function insertRows(
  db: Database,
  tasks: readonly InsertableTask[],
  manager?: EntityManager,
): Promise<Map<string, InsertedRow>> {
  // Two batches that name the same ids wait for each other in one order.
  const named = tasks.some((task) => !task.generatedId);
  const ordered = named ? [...tasks].sort((a, b) => compareBytes(a.taskId, b.taskId)) : tasks;
  const rows = await db.queryPrepared<InsertedRow>(named ? INSERT_IF_FREE : INSERT_FRESH, columnsOf(ordered), manager);
  return byTaskId(rows);
}

function byTaskId(rows: readonly InsertedRow[]): Map<string, InsertedRow> {
  return new Map(rows.map((row) => [row.task_id, row]));
}

/** Rows come back in the order in which they went in, though nobody has promised it; undefined when they do not. */
function freshResults(tasks: readonly NewTask[], rows: readonly InsertedRow[]): InsertResult[] | undefined {
  if (rows.length !== tasks.length || rows.some((row, index) => row.task_id !== tasks[index]?.taskId)) return undefined;
  return rows.map(insertedResult);
}

function insertedResult(row: InsertedRow): InsertResult {
  return { kind: 'inserted', id: Number(row.id), taskId: row.task_id, createdAt: row.created_at, runAt: row.run_at };
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
    return insertedResult(row);
  });
}

/** The parameters of `INSERT`. */
function columnsOf(tasks: readonly InsertableTask[]): readonly unknown[] {
  const column = (valueOf: (task: InsertableTask) => ArrayItem) => arrayLiteral(tasks, valueOf);
  return [
    column(({ taskId }) => taskId),
    column(({ type }) => type),
    column(({ queue }) => queue),
    column(({ userId }) => userId),
    `[${tasks.map(({ payload }) => storableJson(payload)).join(',')}]`,
    column(({ priority }) => priority),
    column(({ retryCount }) => retryCount ?? 0),
    column(({ maxRetry }) => maxRetry),
    column(({ retryDelayMs }) => retryDelayMs),
    column(({ timeoutMs }) => timeoutMs),
    column(({ backoff }) => backoff && JSON.stringify(backoff)),
    column(({ runAt }) => runAt),
    column(({ delayMs }) => delayMs),
    column(({ expiresAt }) => expiresAt),
    column(({ uniqueKey }) => uniqueKey),
    column(({ scheduleId }) => scheduleId),
    column(({ slotAt }) => slotAt),
    column(({ trace }) => trace && JSON.stringify(trace)),
  ];
}

/** The order of COLLATE "C" for the characters an id may have. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
