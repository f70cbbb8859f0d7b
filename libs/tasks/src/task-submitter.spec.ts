import { createQueues, decodeQueueTask, QueueOptions, type Claim, type QueueAccess } from '@millrace/queue';
import type { Store } from '@millrace/store';
import type { TestRedis } from '@millrace/testing';
import { describe, expect, it } from 'vitest';
import { InvalidTask } from './index';
import { withStores } from './stores.fixture';
import { TaskIdTaken } from './task-errors';
import { TaskPolicy } from './task-policy';
import { TaskSubmitter } from './task-submitter';
import { testWorker } from './test-worker.fixture';

const policy = new TaskPolicy({ maxRetry: 4, retryDelayMs: 700, routes: [{ pattern: 'mail.*', queue: 'mail' }] });

let store: Store;
let access: QueueAccess;
let redis: TestRedis;
let submitter: TaskSubmitter;
let worker: ReturnType<typeof testWorker>;

withStores((opened) => {
  ({ store, access, redis, submitter } = opened);
  worker = testWorker(opened);
}, policy);

const entryOf = (claim: Claim | undefined) => decodeQueueTask(claim?.json ?? '');

describe('a submit', () => {
  it('records the task with every default and option, and queues it with its attempt', async () => {
    const task = await submitter.submit('mail.welcome', { to: ['a'] }, { userId: 'u1', priority: 3, timeout: '5s' });

    expect(task).toMatchObject({
      ...{ type: 'mail.welcome', queue: 'mail', status: 'pending', priority: 3, userId: 'u1', timeoutMs: 5_000 },
      ...{ maxRetry: 4, retryDelayMs: 700, attempt: 0, created: true, dispatched: true },
    });
    const row = await store.queries.findByTaskId(task.taskId);
    expect(task).toEqual({ ...row, created: true, dispatched: true });
    const [claim] = await worker.claim('mail');
    expect(entryOf(claim)).toMatchObject({
      ...{ id: task.taskId, name: 'mail.welcome', payload: { to: ['a'] }, attempt: 0, priority: 3 },
      ...{ max_retry: 4, retry_delay: 700, timeout: 5_000, user_id: 'u1' },
    });
  });

  it('with a delay waits in the delayed set until the database says it is due', async () => {
    await worker.drain('default');
    const task = await submitter.submit('noop', null, { delay: '1h' });

    expect(task.runAt.getTime() - task.createdAt.getTime()).toBe(3_600_000);
    expect(await worker.claim()).toEqual([]);
    expect((await access.queues.of('default').depth()).delayed).toBeGreaterThan(0);
  });

  it('of many callers at once gives each its own task', async () => {
    await worker.drain('default');
    const tasks = await Promise.all(Array.from({ length: 250 }, (_, n) => submitter.submit('noop', { n })));

    expect(new Set(tasks.map(({ id }) => id)).size).toBe(250);
    const entries = await worker.claim();
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

    await worker.run(first.taskId, 0, 'success');
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
    await worker.drain('default');
    const task = await store.tasks.transaction((manager) =>
      submitter.submit('noop', null, { manager, dispatchBy: 'caller' }),
    );

    expect(task.dispatched).toBe(false);
    expect(await worker.claim()).toEqual([]);
    expect(await submitter.dispatch([task])).toBe(true);
    expect((await worker.claim()).map(({ taskId }) => taskId)).toEqual([task.taskId]);
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
    await worker.drain('default', 'mail');
    const tasks = await submitter.submitMany(
      Array.from({ length: 30 }, (_, n) => ({ type: n % 2 ? 'mail.x' : 'noop', payload: n })),
    );

    expect(tasks.map(({ payload }) => payload)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    expect(tasks.every(({ dispatched }) => dispatched)).toBe(true);
    expect(await worker.claim('mail')).toHaveLength(15);
    expect(await worker.claim()).toHaveLength(15);
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
