import { randomUUID } from 'node:crypto';
import { eventually } from '@millrace/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newTask, outcomeOf, startedTask, testStore, type TestStore } from './store.fixture';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const submit = async (uniqueKey: string) => (await db.store.tasks.insertMany([newTask({ uniqueKey })]))[0];

/** Each way in which a task ends, from the moment it runs or waits. */
const ENDINGS: Readonly<Record<string, (uniqueKey: string) => Promise<string>>> = {
  success: async (uniqueKey) => {
    const task = await startedTask(db.store, { uniqueKey });
    await db.store.tasks.recordOutcomes([outcomeOf(task)]);
    return task.taskId;
  },
  failed: async (uniqueKey) => {
    const task = await startedTask(db.store, { uniqueKey });
    await db.store.tasks.recordOutcomes([
      outcomeOf(task, { outcome: 'failed', status: 'failed', resultJson: null, errorCode: 'handler_error' }),
    ]);
    return task.taskId;
  },
  'cancelled while it waits': async (uniqueKey) => {
    const task = newTask({ uniqueKey });
    await db.store.tasks.insertMany([task]);
    await db.store.tasks.cancelIfPending(task.taskId);
    return task.taskId;
  },
  'cancelled while it runs': async (uniqueKey) => {
    const task = await startedTask(db.store, { uniqueKey });
    await db.store.tasks.requestCancelIfProcessing(task.taskId);
    await db.store.tasks.recordOutcomes([
      outcomeOf(task, { outcome: 'cancelled', status: 'cancelled', resultJson: null, errorCode: 'cancelled' }),
    ]);
    return task.taskId;
  },
  expired: async (uniqueKey) => {
    const task = newTask({ uniqueKey, expiresAt: new Date(Date.now() - 1_000) });
    await db.store.tasks.insertMany([task]);
    await db.store.tasks.expirePending(100);
    return task.taskId;
  },
  'its worker crashed for the last time': async (uniqueKey) => {
    const { taskId, attempt } = await startedTask(db.store, { uniqueKey });
    await db.store.tasks.rescueIfProcessing([{ taskId, attempt, workerId: 'w1', crashLimit: 1 }]);
    return taskId;
  },
};

test.each(Object.entries(ENDINGS))(
  'a key held while unfinished is released when its task ended: %s',
  async (_, end) => {
    const key = randomUUID();

    const taskId = await end(key);

    const [row] = await db.sql<{ finished: boolean }>(
      `SELECT finished_at IS NOT NULL AS finished FROM tasks WHERE task_id = $1`,
      [taskId],
    );
    expect(row).toEqual({ finished: true });
    expect((await submit(key))?.kind).toBe('inserted');
  },
);

test('a key held while unfinished stays held between retries, after a crash, and while it runs again', async () => {
  const uniqueKey = randomUUID();
  const task = await startedTask(db.store, { uniqueKey });
  expect(await submit(uniqueKey)).toEqual({ kind: 'unique_taken', taskId: task.taskId });

  await db.store.tasks.recordOutcomes([outcomeOf(task, { outcome: 'failed', status: 'pending', delayMs: 0 })]);
  expect(await submit(uniqueKey)).toEqual({ kind: 'unique_taken', taskId: task.taskId });

  const [again] = await db.store.tasks.startMany([{ taskId: task.taskId, attempt: 1 }], 'w1');
  expect(again?.kind).toBe('started');
  await db.store.tasks.rescueIfProcessing([{ taskId: task.taskId, attempt: 2, workerId: 'w1', crashLimit: 3 }]);
  expect(await submit(uniqueKey)).toEqual({ kind: 'unique_taken', taskId: task.taskId });
});

test('a key with a time is free once retention has removed its task, from SQL as well', async () => {
  const uniqueKey = randomUUID();
  for (const ask of [
    () => submit(uniqueKey),
    () => db.sql(`SELECT millrace_submit('noop', unique_key => $1, unique_for => '1 day') AS "taskId"`, [uniqueKey]),
  ]) {
    const held = newTask({ uniqueKey, uniqueForMs: 3_600_000 });
    await db.store.tasks.insertMany([held]);
    await db.store.tasks.cancelIfPending(held.taskId);
    expect(await submit(uniqueKey)).toEqual({ kind: 'unique_taken', taskId: held.taskId });

    await db.sql('DELETE FROM tasks WHERE task_id = $1', [held.taskId]);
    await ask();

    const [row] = await db.sql<{ n: number }>('SELECT count(*)::integer AS n FROM tasks WHERE unique_key = $1', [
      uniqueKey,
    ]);
    expect(row).toEqual({ n: 1 });
    await db.sql('DELETE FROM tasks WHERE unique_key = $1', [uniqueKey]);
  }
});

test('a key that retention removes while somebody asks for it is given, with its task', async () => {
  const key = randomUUID();
  await db.store.tasks.insertMany([newTask({ uniqueKey: key, uniqueForMs: 1 })]);
  const retention = db.store.dataSource.createQueryRunner();
  await retention.startTransaction();
  await retention.query('SELECT FROM unique_keys WHERE key = $1 FOR UPDATE', [key]);

  const asking = submit(key);
  await eventually(async () => {
    const waiting =
      await db.sql(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%unique_keys%'
      AND datname = current_database()`);
    expect(waiting).toHaveLength(1);
  });
  await retention.query('DELETE FROM unique_keys WHERE key = $1', [key]);
  await retention.commitTransaction();
  await retention.release();

  const answer = await asking;
  expect(answer?.kind).toBe('inserted');
  expect(await db.store.queries.findByTaskId(answer?.taskId ?? '')).not.toBeNull();
});
