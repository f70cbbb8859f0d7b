import { createQueues, decodeQueueTask, QueueOptions, type Claim, type QueueAccess } from '@millrace/queue';
import { migrate, openStore, StoreOptions, type Store } from '@millrace/store';
import { eventually, testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidTask } from './index';
import { TaskControl } from './task-control';
import { TaskIdTaken, TaskNotCancellable, TaskNotFound, TaskNotRetryable } from './task-errors';
import { TaskPolicy } from './task-policy';
import { TaskSubmitter } from './task-submitter';

const WORKER = 'w1';
const policy = new TaskPolicy({ maxRetry: 4, retryDelayMs: 700, routes: [{ pattern: 'mail.*', queue: 'mail' }] });

let database: TestDatabase;
let redis: TestRedis;
let store: Store;
let access: QueueAccess;
let submitter: TaskSubmitter;
let control: TaskControl;

beforeAll(async () => {
  [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  await migrate(database.url, () => undefined);
  store = await openStore(new StoreOptions({ databaseUrl: database.url }));
  access = createQueues(new QueueOptions({ redisUrl: redis.url, prefix: redis.prefix }));
  submitter = new TaskSubmitter(store.tasks, store.queries, access.queues, policy);
  control = new TaskControl(store.tasks, store.queries, access.queues, access.cancels);
});

afterAll(async () => {
  await access.close();
  await store.close();
  await Promise.all([database.drop(), redis.close()]);
});

const claimed = (queue = 'default') => access.queues.of(queue).claim({ workerId: WORKER, limit: 500, leaseMs: 60_000 });

const entryOf = (claim: Claim | undefined) => decodeQueueTask(claim?.json ?? '');

/** Takes everything that is ready, so that a test sees only its own. */
async function drain(...queues: string[]) {
  for (const queue of queues) {
    for (let batch = await claimed(queue); batch.length > 0; batch = await claimed(queue)) {
      await access.queues.of(queue).ack(batch);
    }
  }
}

/** Runs a pending task's next attempt up to its outcome. */
async function run(taskId: string, attempt: number, status: 'success' | 'failed') {
  const [start] = await store.tasks.startMany([{ taskId, attempt }], WORKER);
  if (start?.kind !== 'started') throw new Error(`not started: ${start?.kind}`);
  await store.tasks.recordOutcomes([
    {
      ...start.task,
      workerId: WORKER,
      outcome: status === 'success' ? 'succeeded' : 'failed',
      status,
      resultJson: null,
      errorMessage: null,
      errorCode: status === 'failed' ? 'handler_error' : null,
      delayMs: null,
    },
  ]);
}

describe('a submit', () => {
  it('records the task with every default and option, and queues it with its attempt', async () => {
    const task = await submitter.submit('mail.welcome', { to: ['a'] }, { userId: 'u1', priority: 3, timeout: '5s' });

    expect(task).toMatchObject({
      ...{ type: 'mail.welcome', queue: 'mail', status: 'pending', priority: 3, userId: 'u1', timeoutMs: 5_000 },
      ...{ maxRetry: 4, retryDelayMs: 700, attempt: 0, created: true, dispatched: true },
    });
    const row = await store.queries.findByTaskId(task.taskId);
    expect(task).toEqual({ ...row, created: true, dispatched: true });
    const [claim] = await claimed('mail');
    expect(entryOf(claim)).toMatchObject({
      ...{ id: task.taskId, name: 'mail.welcome', payload: { to: ['a'] }, attempt: 0, priority: 3 },
      ...{ max_retry: 4, retry_delay: 700, timeout: 5_000, user_id: 'u1' },
    });
  });

  it('with a delay waits in the delayed set until the database says it is due', async () => {
    await drain('default');
    const task = await submitter.submit('noop', null, { delay: '1h' });

    expect(task.runAt.getTime() - task.createdAt.getTime()).toBe(3_600_000);
    expect(await claimed()).toEqual([]);
    expect((await access.queues.of('default').depth()).delayed).toBeGreaterThan(0);
  });

  it('of many callers at once gives each its own task', async () => {
    await drain('default');
    const tasks = await Promise.all(Array.from({ length: 250 }, (_, n) => submitter.submit('noop', { n })));

    expect(new Set(tasks.map(({ id }) => id)).size).toBe(250);
    const entries = await claimed();
    expect(entries.map((claim) => (entryOf(claim).payload as { n: number }).n).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 250 }, (_, n) => n),
    );
    expect(
      tasks.every(({ payload, taskId }) => {
        const claim = entries.find((entry) => entry.taskId === taskId);
        return JSON.stringify(entryOf(claim).payload) === JSON.stringify(payload);
      }),
    ).toBe(true);
  });

  it('refuses a task_id that is taken, alone among its batch', async () => {
    const results = await Promise.allSettled([
      submitter.submit('noop', 1, { taskId: 'same' }),
      submitter.submit('noop', 2),
      submitter.submit('noop', 3, { taskId: 'same' }),
    ]);

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(submitter.submit('noop', 4, { taskId: 'same' })).rejects.toThrow(TaskIdTaken);
    expect((await store.queries.findByTaskId('same'))?.payload).toBe(1);
  });

  it('names every fault and records nothing', async () => {
    const before = await store.queries.countByStatus();
    const submit = submitter.submit('no type', { a: '\0' }, { priority: 11, delay: 'x', runAt: new Date() });

    const error: unknown = await submit.catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(InvalidTask);
    expect((error as InvalidTask).errors.map(({ field }) => field)).toEqual([
      'type',
      'priority',
      'run_at',
      'delay',
      'payload.a',
    ]);
    expect(await store.queries.countByStatus()).toEqual(before);
  });

  it('with a held unique key answers with the task that holds it', async () => {
    const unique = { key: 'daily', for: 'unfinished' };
    const first = await submitter.submit('noop', 1, { unique });
    const second = await submitter.submit('noop', 2, { unique });

    expect(second).toMatchObject({ taskId: first.taskId, payload: 1, created: false });

    await run(first.taskId, 0, 'success');
    expect((await submitter.submit('noop', 3, { unique })).created).toBe(true);
  });

  it('inside a transaction that fails leaves nothing', async () => {
    const failing = store.tasks.transaction(async (manager) => {
      await submitter.submit('noop', null, { taskId: 'undone', manager });
      throw new Error('the caller changed its mind');
    });

    await expect(failing).rejects.toThrow('changed its mind');
    expect(await store.queries.findByTaskId('undone')).toBeNull();
  });

  it('inside a transaction is queued by the dispatch after the commit', async () => {
    await drain('default');
    const task = await store.tasks.transaction((manager) =>
      submitter.submit('noop', null, { manager, dispatchBy: 'caller' }),
    );

    expect(task.dispatched).toBe(false);
    expect(await claimed()).toEqual([]);
    expect(await submitter.dispatch([task])).toBe(true);
    expect((await claimed()).map(({ taskId }) => taskId)).toEqual([task.taskId]);
  });

  it('is recorded although Redis is away, and says that it was not queued', async () => {
    const away = createQueues(new QueueOptions({ redisUrl: 'redis://127.0.0.1:1', prefix: redis.prefix }));
    const lonely = new TaskSubmitter(store.tasks, store.queries, away.queues, policy);

    const task = await lonely.submit('noop', null);

    expect(task).toMatchObject({ created: true, dispatched: false });
    expect(await store.queries.findByTaskId(task.taskId)).not.toBeNull();
    await away.close();
  });
});

describe('a bulk submit', () => {
  it('keeps the order and queues all', async () => {
    await drain('default', 'mail');
    const tasks = await submitter.submitMany(
      Array.from({ length: 30 }, (_, n) => ({ type: n % 2 ? 'mail.x' : 'noop', payload: n })),
    );

    expect(tasks.map(({ payload }) => payload)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(tasks.every(({ dispatched }) => dispatched)).toBe(true);
    expect(await claimed('mail')).toHaveLength(15);
    expect(await claimed()).toHaveLength(15);
  });

  it('of many parts keeps the order, and takes none when the last part cannot be recorded', async () => {
    const many = Array.from({ length: 600 }, (_, n) => ({ type: 'parts', payload: n }));
    const tasks = await submitter.submitMany(many);
    expect(tasks.map(({ payload }) => payload)).toEqual(many.map(({ payload }) => payload));
    expect(tasks.map(({ id }) => id)).toEqual(tasks.map(({ id }) => id).toSorted((a, b) => a - b));

    const unstorable = { type: 'parts', payload: 600, options: { scheduleId: 2 ** 64 } };
    await expect(submitter.submitMany([...many, unstorable])).rejects.toThrow();
    expect((await store.queries.countByStatus({ type: 'parts' })).pending).toBe(600);
  });

  it('takes none when one task_id is taken', async () => {
    await submitter.submit('noop', null, { taskId: 'there' });
    const bulk = submitter.submitMany([
      { type: 'noop', payload: 1, options: { taskId: 'bulk-1' } },
      { type: 'noop', payload: 2, options: { taskId: 'there' } },
    ]);

    await expect(bulk).rejects.toThrow(TaskIdTaken);
    expect(await store.queries.findByTaskId('bulk-1')).toBeNull();
  });

  it('names the place of each fault', async () => {
    const faulty = submitter.submitMany([
      { type: 'noop', payload: 1, options: { taskId: 'a' } },
      { type: 'noop', payload: 1, options: { taskId: 'a' } },
    ]);

    await expect(faulty).rejects.toThrow('tasks[1].task_id repeats tasks[0].task_id');
    await expect(submitter.submitMany([{ type: '', payload: 1 }])).rejects.toThrow('tasks[0].type');
  });

  it('gives one task to entries under the same unique key', async () => {
    const unique = { key: 'bulk', for: '1h' };
    const tasks = await submitter.submitMany([
      { type: 'noop', payload: 1, options: { unique } },
      { type: 'noop', payload: 2, options: { unique } },
    ]);

    expect(tasks.map(({ created }) => created)).toEqual([true, false]);
    expect(tasks[1]?.taskId).toBe(tasks[0]?.taskId);
  });
});

describe('a cancel', () => {
  it('of a pending task ends it at once', async () => {
    const { taskId } = await submitter.submit('noop', null);

    expect((await control.cancel(taskId)).state).toBe('cancelled');
    expect((await control.cancel(taskId)).state).toBe('already');
    expect((await store.queries.findByTaskId(taskId))?.status).toBe('cancelled');
  });

  it('of a delayed task takes its entry out of Redis, and a retry puts it back at once', async () => {
    const { taskId } = await submitter.submit('mail.later', null, { delay: '1h' });
    const queue = access.queues.of('mail');
    expect(await queue.depth()).toMatchObject({ delayed: 1, indexed: 1 });

    await control.cancel(taskId);
    expect(await queue.depth()).toMatchObject({ delayed: 0, indexed: 0 });

    await control.retry(taskId);
    expect((await claimed('mail')).map((claim) => claim.taskId)).toEqual([taskId]);
  });

  it('of a processing task asks its worker, who hears of it', async () => {
    const { taskId } = await submitter.submit('noop', null);
    await store.tasks.startMany([{ taskId, attempt: 0 }], WORKER);
    const heard: string[] = [];
    access.cancels.subscribe((id) => heard.push(id));

    // A signal that is sent before the subscription stands is lost, as any hint may be.
    await eventually(async () => {
      expect((await control.cancel(taskId, 'anna')).state).toBe('requested');
      expect(heard).toContain(taskId);
    });
    expect(await store.tasks.cancelRequested(WORKER)).toContainEqual({ taskId, attempt: 1 });
  });

  it('of an ended or unknown task is refused', async () => {
    const { taskId } = await submitter.submit('noop', null);
    await run(taskId, 0, 'success');

    await expect(control.cancel(taskId)).rejects.toThrow(TaskNotCancellable);
    await expect(control.cancel('nobody')).rejects.toThrow(TaskNotFound);
  });
});

describe('a retry', () => {
  it('makes a failed task pending again with its attempt kept, and queues it', async () => {
    const { taskId } = await submitter.submit('noop', null);
    await run(taskId, 0, 'failed');
    await drain('default');

    expect(await control.retry(taskId)).toMatchObject({ status: 'pending', retryCount: 0, attempt: 1 });
    expect((await claimed()).map((claim) => [claim.taskId, claim.attempt])).toEqual([[taskId, 1]]);
    await run(taskId, 1, 'success');
  });

  it('of any other task is refused', async () => {
    const { taskId } = await submitter.submit('noop', null);

    await expect(control.retry(taskId)).rejects.toThrow(TaskNotRetryable);
    await expect(control.retry('nobody')).rejects.toThrow(TaskNotFound);
  });
});
