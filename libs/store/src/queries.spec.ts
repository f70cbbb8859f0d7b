import { afterAll, beforeAll, expect, test } from 'vitest';
import { newTask, outcomeOf, retryOf, startedTask, testStore, walkList, type TestStore } from './store.fixture';
import { InvalidCursor } from './store-errors';
import type { NewTask } from './task-row';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const page = (pageSize: number, cursor?: string) => ({ page: 1, pageSize, cursor });

async function insert(count: number, changes: Partial<NewTask>): Promise<string[]> {
  const tasks = Array.from({ length: count }, () => newTask(changes));
  await db.store.tasks.insertMany(tasks);
  return tasks.map(({ taskId }) => taskId);
}

test('pages by number and by cursor give the same list, newest first, each task once', async () => {
  const ids = (await insert(25, { type: 'paged' })).toReversed();
  const filter = { status: 'all', type: 'paged' } as const;

  const second = await db.store.queries.list(filter, { page: 2, pageSize: 10 });
  const walked = await walkList(db.store, filter, 10);

  expect(second.items.map(({ taskId }) => taskId)).toEqual(ids.slice(10, 20));
  expect(second).toMatchObject({ total: 25, totalRelation: 'exact' });
  expect(walked).toEqual(ids);
});

test('a list of a span of time pages by cursor through tasks of the same moment', async () => {
  const tasks = Array.from({ length: 12 }, () => newTask({ type: 'moment' }));
  await db.store.tasks.insertMany(tasks);
  const filter = { status: 'all', type: 'moment', createdFrom: new Date(Date.now() - 60_000) } as const;

  const walked = await walkList(db.store, filter, 5);

  expect(walked).toEqual(tasks.map(({ taskId }) => taskId).toReversed());
});

test('a cursor that no list gave is refused', async () => {
  for (const cursor of [
    '',
    'abc',
    Buffer.from('id:-1').toString('base64url'),
    Buffer.from('id:1 OR 1=1').toString('base64url'),
  ]) {
    await expect(db.store.queries.list({ status: 'all' }, page(5, cursor))).rejects.toThrow(InvalidCursor);
  }
});

test('filters narrow together, and the total is of the filtered list', async () => {
  await insert(3, { type: 'f1', queue: 'mail', userId: 'u-1' });
  await insert(2, { type: 'f1', queue: 'mail', userId: 'u-2' });
  await insert(4, { type: 'f1', queue: 'other', userId: 'u-1' });
  const running = await startedTask(db.store, { type: 'f1', queue: 'mail', userId: 'u-1' });

  const total = async (filter: object) =>
    (await db.store.queries.list({ status: 'all', type: 'f1', ...filter }, page(2))).total;

  expect(await total({})).toBe(10);
  expect(await total({ queue: 'mail' })).toBe(6);
  expect(await total({ userId: 'u-1' })).toBe(8);
  expect(await total({ userId: 'u-1', queue: 'mail', status: 'pending' })).toBe(3);
  expect(await total({ status: 'processing' })).toBe(1);
  const { items } = await db.store.queries.list({ status: 'processing', userId: 'u-1' }, page(5));
  expect(items.map(({ taskId }) => taskId)).toEqual([running.taskId]);
});

test('a list by time, by schedule or by the start of the id counts its total exactly up to its limit', async () => {
  const [first] = await insert(1, { type: 'g1', taskId: 'order_1-a' });
  await insert(2, { type: 'g1', scheduleId: 77 });
  const old = await startedTask(db.store, { type: 'g1' });
  await db.store.tasks.recordOutcomes([outcomeOf(old)]);
  await db.sql(
    `UPDATE tasks SET created_at = now() - interval '2 days', finished_at = now() - interval '1 day' WHERE task_id = $1`,
    [old.taskId],
  );

  const ids = async (filter: object) => {
    const { items, total, totalRelation } = await db.store.queries.list(
      { status: 'all', type: 'g1', ...filter },
      page(10),
    );
    expect([total, totalRelation]).toEqual([items.length, 'exact']);
    return items.map(({ taskId }) => taskId);
  };

  expect(await ids({ q: 'order_1' })).toEqual([first]);
  expect(await ids({ q: 'orderX1' })).toEqual([]);
  expect(await ids({ scheduleId: 77 })).toHaveLength(2);
  expect(await ids({ createdTo: new Date(Date.now() - 86_400_000) })).toEqual([old.taskId]);
  expect(await ids({ createdFrom: new Date(Date.now() - 3_600_000) })).toHaveLength(3);
});

test('what no counter knows is counted up to 10,000', async () => {
  await db.sql(`INSERT INTO tasks (type, schedule_id) SELECT 'many', 5 FROM generate_series(1, 10001)`);

  const { total, totalRelation } = await db.store.queries.list({ status: 'all', scheduleId: 5 }, page(1));

  expect([total, totalRelation]).toEqual([10_000, 'at_least']);
});

test('a task is found by both its ids, and an unknown one is null', async () => {
  const task = await startedTask(db.store);

  expect(await db.store.queries.findById(task.id)).toMatchObject({ taskId: task.taskId });
  expect(await db.store.queries.findByTaskId(task.taskId)).toMatchObject({ id: task.id });
  expect(await db.store.queries.findById(999_999_999)).toBeNull();
  expect(await db.store.queries.findByTaskId('nothing')).toBeNull();
});

test('the repair sees waiting tasks that nobody touched for a while, page by page', async () => {
  await db.sql(`TRUNCATE tasks`);
  const ids = await insert(5, { delayMs: 60_000 });
  await startedTask(db.store);
  const fresh = await db.store.queries.missingCandidates({ afterId: 0, olderThanMs: 60_000, limit: 10 });

  const first = await db.store.queries.missingCandidates({ afterId: 0, olderThanMs: 0, limit: 3 });
  const rest = await db.store.queries.missingCandidates({ afterId: first.at(-1)?.id ?? 0, olderThanMs: 0, limit: 3 });

  expect(fresh).toEqual([]);
  expect([...first, ...rest].map(({ taskId }) => taskId)).toEqual(ids);
});

test('the repair learns how old, overdue and large a waiting task is without reading its payload', async () => {
  await db.sql(`TRUNCATE tasks`);
  const [due] = await insert(1, { payload: JSON.stringify('x'.repeat(100_000)) });
  const [later] = await insert(1, { delayMs: 60_000 });
  await db.sql(`UPDATE tasks_pending SET updated_at = updated_at - interval '10 s'`);

  const [first, second] = await db.store.queries.missingCandidatesOf([later ?? '', due ?? '', 'unknown']);

  expect(first).toMatchObject({ taskId: due, queue: 'default', attempt: 0 });
  expect(first?.unchangedMs).toBeGreaterThanOrEqual(10_000);
  expect(first?.overdueMs).toBeGreaterThanOrEqual(0);
  expect(first?.storedBytes).toBeGreaterThan(1_000);
  expect(second?.overdueMs).toBeLessThan(-50_000);
  expect(second?.storedBytes).toBeLessThan(100);
});

test('tasks of workers that nobody has seen are found, those of live ones are not', async () => {
  const worker = { host: 'h', pid: 1, version: '0', queues: ['default'], concurrency: 1, types: [] };
  for (const workerId of ['live', 'silent']) await db.store.workers.register({ workerId, ...worker });
  const tasks = await Promise.all(['live', 'silent', 'gone'].map((workerId) => startedTask(db.store, { workerId })));
  await db.sql(`UPDATE tasks_processing SET started_at = now() - interval '10 minutes'`);
  await db.sql(`UPDATE workers SET last_seen = now() - interval '5 minutes' WHERE worker_id = 'silent'`);

  const found = await db.store.queries.processingOfVanished({ silentMs: 60_000, limit: 10 });

  const ids = new Set(found.map(({ taskId }) => taskId));
  expect(tasks.map(({ taskId }) => ids.has(taskId))).toEqual([false, true, true]);
  expect(await db.store.queries.processingOf('live')).toMatchObject([{ taskId: tasks[0]?.taskId, attempt: 1 }]);
});

test('a worker is live while it beats, and must register again once it was forgotten', async () => {
  const types = [{ type: 'noop', timeoutMs: 5, maxRetry: null, retryDelayMs: null, queue: null, description: 'd' }];
  await db.store.workers.register({
    workerId: 'w-live',
    host: 'h',
    pid: 7,
    version: '1',
    queues: ['a'],
    concurrency: 9,
    types,
  });

  expect(await db.store.workers.beat('w-live')).toBe(true);
  expect(await db.store.workers.live(60_000)).toContainEqual(
    expect.objectContaining({ workerId: 'w-live', types, queues: ['a'] }),
  );
  await db.sql(`UPDATE workers SET last_seen = now() - interval '1 hour' WHERE worker_id = 'w-live'`);
  expect(await db.store.workers.pruneSilent(60_000)).toBeGreaterThanOrEqual(1);
  expect(await db.store.workers.beat('w-live')).toBe(false);
});

test('queues are those that recorded tasks name', async () => {
  await db.sql('TRUNCATE tasks');
  await insert(1, { queue: 'b' });
  await insert(1, { queue: 'a' });

  expect(await db.store.queries.queueNames()).toEqual(['a', 'b']);
});

test('the same request under a key does its work once and gets the same answer, at the same time too', async () => {
  let works = 0;
  const run = (requestHash = 'h') =>
    db.store.idempotency.run({ key: 'k1', scope: 'me', requestHash, ttlMs: 60_000 }, async (manager) => {
      works += 1;
      await db.store.tasks.insertMany([newTask({ type: 'idem' })], manager);
      return { status: 201, body: { z: 1, a: [works] } };
    });

  const answers = await Promise.all([run(), run(), run()]);

  expect(works).toBe(1);
  expect(answers.filter(({ replayed }) => replayed)).toHaveLength(2);
  expect(new Set(answers.map(({ status, body }) => JSON.stringify({ status, body })))).toEqual(
    new Set(['{"status":201,"body":{"z":1,"a":[1]}}']),
  );
  await expect(run('other')).rejects.toThrow('another request');
  expect((await db.store.queries.countByStatus({ type: 'idem' })).pending).toBe(1);
});

test('a request that failed leaves its key free', async () => {
  const request = { key: 'k2', scope: 'me', requestHash: 'h', ttlMs: 60_000 };
  const failing = db.store.idempotency.run(request, async () => {
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');

  const answer = await db.store.idempotency.run(request, async () => ({ status: 200, body: null }));

  expect(answer).toEqual({ status: 200, body: null, replayed: false });
});

test('a change is dated by when it was made, not by when its transaction began', async () => {
  const dated = await db.sql(
    `WITH waited AS MATERIALIZED (SELECT pg_sleep(0.05))
    INSERT INTO audit_log (actor, action) SELECT 'eve', 'waits' FROM waited RETURNING at - now() >= '50 ms' AS late`,
  );

  expect(dated).toEqual([{ late: true }]);
});

test('the audit log can only grow', async () => {
  const task = await startedTask(db.store);
  await db.store.tasks.recordOutcomes([retryOf(task, { status: 'failed' })]);
  await db.store.tasks.retryIfFinal(task.taskId, 'bob');

  await expect(db.sql('DELETE FROM audit_log')).rejects.toThrow('append only');
  await expect(db.sql(`UPDATE audit_log SET actor = 'eve'`)).rejects.toThrow('append only');
});
