import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newTask, outcomeOf, retryOf, startAgain, startedTask, testStore, type TestStore } from './store.fixture';
import type { RawEntry } from './task-row';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const raw = (id: string, changes: Partial<RawEntry['entry']> = {}): RawEntry => ({
  entry: { id, name: 'noop', payload: { n: 1 }, ...changes },
  queue: 'default',
  dueAt: null,
  defaults: { maxRetry: 3, retryDelayMs: 5_000 },
});

test('a pending task of the entry’s attempt starts once, and a second entry finds it running', async () => {
  const task = newTask({ payload: '{"a":[1,2]}', userId: 'u1', timeoutMs: 100, backoff: { type: 'fixed' } });
  const [inserted] = await db.store.tasks.insertMany([task]);

  const starts = [
    { taskId: task.taskId, attempt: 0 },
    { taskId: task.taskId, attempt: 0 },
  ];
  const results = await db.store.tasks.startMany(starts, 'w1');

  expect(results).toMatchObject([
    { kind: 'started', task: { taskId: task.taskId, attempt: 1, payload: { a: [1, 2] }, timeoutMs: 100 } },
    { kind: 'refused', reason: 'running' },
  ]);
  expect(await db.store.queries.findByTaskId(task.taskId)).toMatchObject({
    id: inserted?.kind === 'inserted' ? inserted.id : -1,
    status: 'processing',
    workerId: 'w1',
    attempt: 1,
    userId: 'u1',
    backoff: { type: 'fixed' },
  });
});

test('what is told of each started task is what its row says, of many alike, of those that are not, and of one alone', async () => {
  const rare = newTask({
    payload: '[1,{"text":"\\"é\\n"}]',
    priority: 9,
    userId: '"quoted", ü',
    maxRetry: 7,
    retryDelayMs: 3_000_000_000,
    backoff: { type: 'exponential', maxMs: 60_000 },
    timeoutMs: 3_000_000_000,
    runAt: new Date('2026-01-02T03:04:05.678Z'),
    expiresAt: new Date('2999-01-01T00:00:00.001Z'),
    scheduleId: 1,
    slotAt: new Date('2026-01-01T00:00:00.999Z'),
    trace: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  });
  // From 2038 on seconds are told less exactly than milliseconds need.
  const expiring = (n: number) => ({ userId: 'u', expiresAt: new Date(Date.UTC(2038, 5, 1) + 7 * n) });
  const others = Array.from({ length: 300 }, (_, n) => newTask({ payload: `${n}`, ...(n % 2 ? expiring(n) : {}) }));
  const many = [rare, ...others];
  const alone = many.slice(0, 3).map((task) => [{ ...task, taskId: randomUUID() }]);

  for (const tasks of [many, ...alone]) {
    await db.store.tasks.insertMany(tasks);
    const ids = tasks.map(({ taskId }) => taskId);
    const results = await db.store.tasks.startMany(
      ids.map((taskId) => ({ taskId, attempt: 0 })),
      'w1',
    );

    const started = results.map((result) => (result.kind === 'started' ? result.task : null));
    expect(started.map((task) => task?.taskId)).toEqual(ids);
    for (const task of started)
      expect(await db.store.queries.findByTaskId(task?.taskId ?? '')).toMatchObject({ ...task });
  }
});

test('an entry of another attempt is stale in both directions', async () => {
  const task = await startedTask(db.store);
  await db.store.tasks.recordOutcomes([retryOf(task)]);

  const results = await db.store.tasks.startMany(
    [
      { taskId: task.taskId, attempt: 0 },
      { taskId: task.taskId, attempt: 2 },
    ],
    'w1',
  );

  expect(results.map((result) => result.kind === 'refused' && result.reason)).toEqual(['stale', 'stale']);
  expect(await startAgain(db.store, { taskId: task.taskId, attempt: 1 })).toMatchObject({ attempt: 2 });
});

test('a task does not start before its time, and the answer says how long that is', async () => {
  const task = newTask({ delayMs: 60_000 });
  await db.store.tasks.insertMany([task]);

  const [result] = await db.store.tasks.startMany([{ taskId: task.taskId, attempt: 0 }], 'w1');

  expect(result).toMatchObject({ kind: 'early', taskId: task.taskId });
  const dueInMs = result?.kind === 'early' ? result.dueInMs : 0;
  expect(dueInMs).toBeGreaterThan(50_000);
  expect(dueInMs).toBeLessThanOrEqual(60_000);
});

test('a task within 100 ms of its time starts', async () => {
  const task = newTask();
  await db.store.tasks.insertMany([task]);
  await db.sql(`UPDATE tasks SET run_at = clock_timestamp() + interval '90 ms' WHERE task_id = $1`, [task.taskId]);

  const [result] = await db.store.tasks.startMany([{ taskId: task.taskId, attempt: 0 }], 'w1');

  expect(result).toMatchObject({ kind: 'started' });
});

test('a task past its expiry fails at the gate instead of starting', async () => {
  const task = newTask({ expiresAt: new Date(Date.now() - 1_000) });
  await db.store.tasks.insertMany([task]);

  const [result] = await db.store.tasks.startMany([{ taskId: task.taskId, attempt: 0 }], 'w1');

  expect(result).toEqual({ kind: 'expired', taskId: task.taskId });
  expect(await db.store.queries.findByTaskId(task.taskId)).toMatchObject({
    status: 'failed',
    errorCode: 'expired',
    attempt: 0,
  });
});

test('an ended task and an unknown one never start', async () => {
  const task = await startedTask(db.store);
  await db.store.tasks.recordOutcomes([outcomeOf(task)]);

  const results = await db.store.tasks.startMany(
    [
      { taskId: task.taskId, attempt: 1 },
      { taskId: randomUUID(), attempt: 0 },
    ],
    'w1',
  );

  expect(results.map((result) => result.kind === 'refused' && result.reason)).toEqual(['final', 'no_row']);
});

test('a raw entry gets its row once, and then starts like any other', async () => {
  const id = `raw-${randomUUID()}`;

  const first = await db.store.tasks.recordRaw([raw(id, { max_retry: 1, priority: 4 }), raw(id, { max_retry: 9 })]);
  const again = await db.store.tasks.recordRaw([raw(id)]);

  expect([first.get(id), again.get(id)]).toEqual(['inserted', 'exists']);
  expect(await startAgain(db.store, { taskId: id, attempt: 0 })).toMatchObject({
    payload: { n: 1 },
    maxRetry: 1,
    priority: 4,
  });
});

test('a raw entry never runs a recorded id anew, whichever came first', async () => {
  const ended = await startedTask(db.store, { taskId: `t-${randomUUID()}` });
  await db.store.tasks.recordOutcomes([outcomeOf(ended)]);
  const running = await startedTask(db.store, { taskId: `t-${randomUUID()}` });
  const rawFirst = `t-${randomUUID()}`;

  const results = await db.store.tasks.recordRaw([raw(ended.taskId), raw(running.taskId), raw(rawFirst)]);
  const [submitted] = await db.store.tasks.insertMany([newTask({ taskId: rawFirst })]);

  expect(Object.fromEntries(results)).toEqual({
    [ended.taskId]: 'final',
    [running.taskId]: 'exists',
    [rawFirst]: 'inserted',
  });
  expect(submitted).toEqual({ kind: 'task_id_taken', taskId: rawFirst });
});

test('a raw entry that no row can hold is told apart and stops no other', async () => {
  const [good, bad, odd] = [`r-${randomUUID()}`, `r-${randomUUID()}`, `r-${randomUUID()}`] as const;

  const results = await db.store.tasks.recordRaw([
    raw(good),
    raw(bad, { priority: 99 }),
    raw(odd, { payload: { text: 'a\u0000b\ud800' } }),
  ]);

  expect(Object.fromEntries(results)).toEqual({ [good]: 'inserted', [bad]: 'invalid', [odd]: 'inserted' });
  expect(await db.store.queries.findByTaskId(odd)).toMatchObject({ payload: { text: 'a\ufffdb\ufffd' } });
});

test.each([0, 2])(
  'a task that is put off while the gate waits for its row does not start, with %i beside it',
  async (beside) => {
    const [task, ...others] = [newTask(), ...Array.from({ length: beside }, () => newTask())];
    await db.store.tasks.insertMany([task, ...others]);
    const starts = [task, ...others].map(({ taskId }) => ({ taskId, attempt: 0 }));
    const answer = await db.store.tasks.transaction(async (manager) => {
      await manager.query(`UPDATE tasks SET run_at = now() + interval '1 hour' WHERE task_id = $1`, [task.taskId]);
      const gate = db.store.tasks.startMany(starts, 'w1');
      await expect.poll(() => db.sql('SELECT FROM pg_locks WHERE NOT granted')).not.toEqual([]);
      return { gate };
    });

    expect((await answer.gate).map(({ kind }) => kind)).toEqual(['early', ...others.map(() => 'started')]);
  },
);

test('gates that share tasks in opposite orders start each task once and never deadlock', async () => {
  const tasks = Array.from({ length: 200 }, () => newTask());
  await db.store.tasks.insertMany(tasks);
  const starts = tasks.map(({ taskId }) => ({ taskId, attempt: 0 }));

  const gates = await Promise.all([
    db.store.tasks.startMany(starts, 'w1'),
    db.store.tasks.startMany(starts.toReversed(), 'w2'),
    db.store.tasks.startMany([...starts.slice(100), ...starts.slice(0, 100)], 'w3'),
  ]);

  const started = gates.flat().flatMap((result) => (result.kind === 'started' ? [result.task.taskId] : []));
  expect(started).toHaveLength(200);
  expect(new Set(started).size).toBe(200);
});
