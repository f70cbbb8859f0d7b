import type { Json } from '@millrace/contracts';
import type { Redis } from 'ioredis';
import type { ApiClient } from '@millrace/testing';
import type { PlannedTask } from './workload';

/** Where a run's tasks go. */
export interface Destination {
  /** Marks every task of the run. */
  readonly userId: string;
  /** The queue that the demo's own worker serves; tasks that need nothing special go to the default queue. */
  readonly queue: string;
  /** Redis keys of that queue start with it. */
  readonly keyPrefix: string;
}

const BULK_SIZE = 500;
/** Every so many tasks one is submitted by a request of its own, as most clients would. */
const SINGLE_EVERY = 5;
const SINGLE_CONCURRENCY = 20;
const RAW_CHUNK = 100;

/** Submits all tasks, every way at once, and cancels those that are planned to end so. */
export async function submitAll(
  tasks: readonly PlannedTask[],
  destination: Destination,
  api: ApiClient,
  redis: Redis,
): Promise<void> {
  const rest = tasks.filter(({ kind }) => kind.way === 'rest');
  const singles = rest.filter((_, index) => index % SINGLE_EVERY === 0);
  const bulk = rest.filter((_, index) => index % SINGLE_EVERY !== 0);
  await Promise.all([
    inTurns(chunks(bulk, BULK_SIZE), 1, (chunk) => api.submitBulk(chunk.map((task) => restTask(task, destination)))),
    inTurns(singles, SINGLE_CONCURRENCY, (task) => api.submit(restTask(task, destination))),
    pushRaw(tasks, destination, redis),
  ]);
  await inTurns(
    tasks.filter(({ kind }) => kind.ends === 'cancelled'),
    SINGLE_CONCURRENCY,
    async ({ taskId }) => api.call('POST', `/tasks/task/${taskId}/cancel`),
  );
}

function restTask({ taskId, kind, payload, options }: PlannedTask, { userId, queue }: Destination) {
  const place = kind.type === 'noop' ? {} : { queue };
  return { task_id: taskId, type: kind.type, payload, user_id: userId, ...place, ...options };
}

/** What a program in any language does: a line of JSON and one Redis command. */
async function pushRaw(tasks: readonly PlannedTask[], { userId, keyPrefix }: Destination, redis: Redis): Promise<void> {
  const raw = tasks.filter(({ kind }) => kind.way !== 'rest');
  for (const chunk of chunks(raw, RAW_CHUNK)) {
    const pipeline = redis.pipeline();
    for (const { taskId, kind, payload, options } of chunk) {
      const { delay, ...rest } = options;
      const entry = JSON.stringify({ id: taskId, name: kind.type, payload, user_id: userId, ...rest });
      if (kind.way === 'lpush') pipeline.lpush(`${keyPrefix}:tasks`, entry);
      else pipeline.zadd(`${keyPrefix}:delayed_tasks`, Date.now() + numberOf(delay), entry);
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  }
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** Calls `work` for every item, at most `concurrency` at once. */
async function inTurns<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items.values();
  const lane = async () => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}
