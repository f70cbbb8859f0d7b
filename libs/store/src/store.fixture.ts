import { randomUUID } from 'node:crypto';
import { testDatabase } from '@millrace/testing';
import { migrate } from './migrate';
import { openStore, type Store } from './store';
import { StoreOptions } from './store-options';
import type { ScheduleDefinition } from './schedule-row';
import type { TaskFilter } from './task-filter';
import type { NewTask, OutcomeRecord, StartedTask } from './task-row';

/** A migrated database of its own with an open store on it. */
export interface TestStore {
  readonly store: Store;
  readonly url: string;
  /** Rows of a plain statement, as an operator would send it. */
  sql<R = Record<string, unknown>>(text: string, parameters?: unknown[]): Promise<R[]>;
  close(): Promise<void>;
}

export async function testStore(): Promise<TestStore> {
  const database = await testDatabase();
  await migrate(database.url);
  const store = await openStore(new StoreOptions({ databaseUrl: database.url, poolSize: 8 }));
  return {
    store,
    url: database.url,
    sql: (text, parameters) => store.dataSource.query(text, parameters),
    close: async () => {
      await store.close();
      await database.drop();
    },
  };
}

/** What a query for `n` says of the server's statistics, with all that the connection of a store of one connection has done by now. */
export async function statistic({ dataSource }: Store, query: string): Promise<number> {
  await dataSource.query('SELECT pg_stat_force_next_flush()');
  await dataSource.query('SELECT 1');
  const [row] = await dataSource.query<{ n: number }[]>(query);
  return row?.n ?? 0;
}

/** The task_ids of a whole list, page after page by its cursors. */
export async function walkList({ queries }: Store, filter: TaskFilter, pageSize: number): Promise<string[]> {
  const walked: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const part = await queries.list(filter, { page: 1, pageSize, cursor });
    walked.push(...part.items.map(({ taskId }) => taskId));
    cursor = part.nextCursor;
  }
  return walked;
}

/** A task that is due at once, with everything else as usual. */
export function newTask(changes: Partial<NewTask> = {}): NewTask {
  return {
    taskId: randomUUID(),
    generatedId: changes.taskId === undefined,
    type: 'noop',
    queue: 'default',
    priority: 0,
    payload: '{}',
    userId: null,
    maxRetry: 3,
    retryDelayMs: 5_000,
    backoff: null,
    timeoutMs: null,
    delayMs: null,
    runAt: null,
    expiresAt: null,
    uniqueKey: null,
    uniqueForMs: null,
    scheduleId: null,
    slotAt: null,
    trace: null,
    ...changes,
  };
}

/** Submits and starts one task. */
export async function startedTask(
  store: Store,
  { workerId = 'w1', ...changes }: Partial<NewTask> & { readonly workerId?: string } = {},
): Promise<StartedTask> {
  const task = newTask(changes);
  await store.tasks.insertMany([task]);
  return startAgain(store, { taskId: task.taskId, attempt: 0 }, workerId);
}

export async function startAgain(
  store: Store,
  start: { readonly taskId: string; readonly attempt: number },
  workerId = 'w1',
): Promise<StartedTask> {
  const [result] = await store.tasks.startMany([start], workerId);
  if (result?.kind !== 'started') throw new Error(`did not start: ${JSON.stringify(result)}`);
  return result.task;
}

/** The outcome of a started task; a success unless changed. */
export function outcomeOf(task: StartedTask, changes: Partial<OutcomeRecord> = {}): OutcomeRecord {
  return {
    id: task.id,
    taskId: task.taskId,
    attempt: task.attempt,
    workerId: 'w1',
    outcome: 'succeeded',
    status: 'success',
    resultJson: '{"ok":true}',
    errorMessage: null,
    errorCode: null,
    retryCount: task.retryCount,
    crashCount: task.crashCount,
    delayMs: null,
    ...changes,
  };
}

/** A failure that is tried again at once. */
export function retryOf(task: StartedTask, changes: Partial<OutcomeRecord> = {}): OutcomeRecord {
  return outcomeOf(task, {
    outcome: 'failed',
    status: 'pending',
    resultJson: null,
    errorMessage: 'boom',
    errorCode: 'handler_error',
    retryCount: task.retryCount + 1,
    delayMs: 0,
    ...changes,
  });
}

/** A schedule of every hour that submits a `noop`. */
export function newSchedule(changes: Partial<ScheduleDefinition> = {}): ScheduleDefinition {
  return {
    type: 'noop',
    payload: {},
    queue: null,
    priority: 0,
    userId: null,
    maxRetry: null,
    retryDelayMs: null,
    backoff: null,
    timeoutMs: null,
    cron: ['@hourly'],
    everyMs: null,
    phaseMs: 0,
    at: null,
    timezone: 'UTC',
    exclude: [],
    startsAt: null,
    endsAt: null,
    maxRuns: null,
    jitterMs: 0,
    misfire: 'once',
    misfireWindowMs: 86_400_000,
    misfireLimit: 100,
    overlap: 'allow',
    pauseAfterFailures: null,
    ...changes,
  };
}
