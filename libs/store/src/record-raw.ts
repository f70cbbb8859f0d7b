import type { Backoff, QueueTask, TaskStatus } from '@millrace/contracts';
import type { Database } from './database';
import type { InsertableTask } from './insert-rows';
import { insertRows, removeTaken } from './insert-tasks';
import { isBadData } from './pg-errors';
import type { RawEntry, RawRecorded } from './task-row';

const STATUSES = `SELECT task_id, status FROM tasks WHERE task_id = ANY ($1::text[])`;

/** See `TaskRepository.recordRaw`. */
export async function recordRaw(db: Database, entries: readonly RawEntry[]): Promise<Map<string, RawRecorded>> {
  // Of one id twice in a batch the first entry makes the row, as it would one after the other.
  const unique = new Map<string, RawEntry>();
  for (const raw of entries) if (!unique.has(raw.entry.id)) unique.set(raw.entry.id, raw);
  return recordApart(db, [...unique.values()]);
}

/** Nobody has checked what a raw entry holds: one that no row can hold must not stop its neighbours. */
async function recordApart(db: Database, entries: readonly RawEntry[]): Promise<Map<string, RawRecorded>> {
  const [only] = entries;
  if (!only) return new Map();
  try {
    return await recordTogether(db, entries.map(taskOf));
  } catch (error) {
    if (!isBadData(error)) throw error;
    if (entries.length === 1) return new Map([[only.entry.id, 'invalid']]);
    const middle = Math.ceil(entries.length / 2);
    const first = await recordApart(db, entries.slice(0, middle));
    return new Map([...first, ...(await recordApart(db, entries.slice(middle)))]);
  }
}

async function recordTogether(db: Database, tasks: readonly InsertableTask[]): Promise<Map<string, RawRecorded>> {
  const inserted = await db.transaction(async (manager) => {
    const rows = await insertRows(db, tasks, manager);
    await removeTaken(db, tasks, rows, manager);
    return rows;
  });
  const there = tasks.filter((task) => !inserted.has(task.taskId)).map((task) => task.taskId);
  const rows = there.length > 0 ? await db.query<{ task_id: string; status: TaskStatus }>(STATUSES, [there]) : [];
  const statuses = new Map(rows.map((row) => [row.task_id, row.status]));
  return new Map(
    tasks.map(({ taskId }) => [taskId, inserted.has(taskId) ? 'inserted' : standingOf(statuses.get(taskId))]),
  );
}

function standingOf(status: TaskStatus | undefined): RawRecorded {
  return status === 'pending' || status === 'processing' ? 'exists' : 'final';
}

function taskOf({ entry, queue, dueAt, defaults }: RawEntry): InsertableTask {
  const maxRetry = entry.max_retry ?? defaults.maxRetry;
  return {
    taskId: entry.id,
    generatedId: false,
    type: entry.name,
    queue,
    priority: entry.priority ?? 0,
    payload: JSON.stringify(entry.payload ?? null),
    userId: entry.user_id ?? null,
    retryCount: Math.min(entry.retry_count ?? 0, maxRetry),
    maxRetry,
    retryDelayMs: entry.retry_delay ?? defaults.retryDelayMs,
    backoff: backoffOf(entry.backoff),
    timeoutMs: entry.timeout ?? null,
    delayMs: null,
    runAt: dueAt,
    expiresAt: entry.expires_at === undefined ? null : new Date(entry.expires_at),
    uniqueKey: null,
    uniqueForMs: null,
    scheduleId: null,
    slotAt: null,
    trace: entry.trace ?? null,
  };
}

function backoffOf(backoff: QueueTask['backoff']): Backoff | null {
  if (!backoff) return null;
  const { type, max, jitter } = backoff;
  return { type, ...(max === undefined ? {} : { maxMs: max }), ...(jitter === undefined ? {} : { jitter }) };
}
