import { TASK_STATUSES } from '@millrace/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newTask, outcomeOf, retryOf, startAgain, startedTask, testStore, type TestStore } from './store.fixture';
import { IllegalTransition } from './store-errors';
import { isLegalTransition } from './transitions';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const find = (taskId: string) => db.store.queries.findByTaskId(taskId);

test('only a waiting task is cancelled at once, and who did it is noted', async () => {
  const waiting = newTask();
  await db.store.tasks.insertMany([waiting]);
  const running = await startedTask(db.store);

  const [cancelled, refused] = [
    await db.store.tasks.cancelIfPending(waiting.taskId, 'alice'),
    await db.store.tasks.cancelIfPending(running.taskId, 'alice'),
  ];

  expect(cancelled).toMatchObject({
    status: 'cancelled',
    errorCode: 'cancelled',
    finishedAt: expect.any(Date) as Date,
  });
  expect(refused).toBeNull();
  expect(await db.sql('SELECT actor, action FROM audit_log WHERE task_id = $1', [waiting.taskId])).toEqual([
    { actor: 'alice', action: 'cancel' },
  ]);
  expect(await db.sql('SELECT 1 FROM audit_log WHERE task_id = $1', [running.taskId])).toEqual([]);
});

test('a running task is asked to stop once, and its worker finds it', async () => {
  const task = await startedTask(db.store, { workerId: 'w-cancel' });

  const first = await db.store.tasks.requestCancelIfProcessing(task.taskId);
  const second = await db.store.tasks.requestCancelIfProcessing(task.taskId);

  expect(first?.cancelRequestedAt).toBeInstanceOf(Date);
  expect(second?.cancelRequestedAt).toEqual(first?.cancelRequestedAt);
  expect(await db.store.tasks.cancelRequested('w-cancel')).toEqual([{ taskId: task.taskId, attempt: 1 }]);
  expect(await db.store.tasks.requestCancelIfProcessing('unknown')).toBeNull();
});

test('a retry of a final failure waits again with fresh budgets, the same id and its attempt kept', async () => {
  const task = await startedTask(db.store);
  await db.store.tasks.recordOutcomes([
    retryOf(task, { status: 'failed', retryCount: 3, crashCount: 2, delayMs: null }),
  ]);

  const row = await db.store.tasks.retryIfFinal(task.taskId);

  expect(row).toMatchObject({ id: task.id, status: 'pending', retryCount: 0, crashCount: 0, attempt: 1 });
  expect(row).toMatchObject({ cancelRequestedAt: null, workerId: null, startedAt: null, finishedAt: null });
  expect(await startAgain(db.store, { taskId: task.taskId, attempt: 1 })).toMatchObject({ attempt: 2 });
  expect((await db.store.attempts.ofTask(task.taskId)).map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test('a retry clears a cancel request and an expiry that has passed', async () => {
  const cancelled = await startedTask(db.store);
  await db.store.tasks.requestCancelIfProcessing(cancelled.taskId);
  await db.store.tasks.recordOutcomes([retryOf(cancelled)]);
  const expired = newTask({ expiresAt: new Date(Date.now() - 1_000) });
  await db.store.tasks.insertMany([expired]);
  await db.store.tasks.expirePending(100);

  const rows = [await db.store.tasks.retryIfFinal(cancelled.taskId), await db.store.tasks.retryIfFinal(expired.taskId)];

  expect(rows).toMatchObject([{ cancelRequestedAt: null }, { expiresAt: null }]);
  await startAgain(db.store, { taskId: cancelled.taskId, attempt: 1 });
  await startAgain(db.store, { taskId: expired.taskId, attempt: 0 });
});

test('a success, a running and a waiting task are not retried', async () => {
  const done = await startedTask(db.store);
  await db.store.tasks.recordOutcomes([outcomeOf(done)]);
  const running = await startedTask(db.store);
  const waiting = newTask();
  await db.store.tasks.insertMany([waiting]);

  const answers = await Promise.all([done, running, waiting].map(({ taskId }) => db.store.tasks.retryIfFinal(taskId)));

  expect(answers).toEqual([null, null, null]);
});

test('of many retries at the same time one wins', async () => {
  const task = await startedTask(db.store);
  await db.store.tasks.recordOutcomes([retryOf(task, { status: 'failed' })]);

  const answers = await Promise.all(Array.from({ length: 8 }, () => db.store.tasks.retryIfFinal(task.taskId)));

  expect(answers.filter((row) => row !== null)).toHaveLength(1);
  expect(await db.sql('SELECT 1 FROM tasks WHERE task_id = $1', [task.taskId])).toHaveLength(1);
});

test('waiting tasks past their expiry fail, others stay', async () => {
  const [late, early] = [
    newTask({ expiresAt: new Date(Date.now() - 1) }),
    newTask({ expiresAt: new Date(Date.now() + 60_000) }),
  ];
  await db.store.tasks.insertMany([late, early]);

  const expired = await db.store.tasks.expirePending(100);

  expect(expired).toBe(1);
  expect(await find(late.taskId)).toMatchObject({ status: 'failed', errorCode: 'expired' });
  expect(await find(early.taskId)).toMatchObject({ status: 'pending' });
});

test('a lost worker’s task waits again until the limit, then fails; a requested cancel ends it', async () => {
  const task = await startedTask(db.store);
  const rescue = (attempt: number) =>
    db.store.tasks.rescueIfProcessing([{ taskId: task.taskId, attempt, workerId: 'w1', crashLimit: 2 }]);

  const first = await rescue(1);
  const stale = await rescue(1);
  await startAgain(db.store, { taskId: task.taskId, attempt: 1 });
  const second = await rescue(2);
  const asked = await startedTask(db.store);
  await db.store.tasks.requestCancelIfProcessing(asked.taskId);
  const cancelled = await db.store.tasks.rescueIfProcessing([
    { taskId: asked.taskId, attempt: 1, workerId: 'w1', crashLimit: 2 },
  ]);

  expect(first).toMatchObject([{ status: 'pending', attempt: 1 }]);
  expect(stale).toEqual([]);
  expect(second).toMatchObject([{ status: 'failed', attempt: 2 }]);
  expect(await find(task.taskId)).toMatchObject({ errorCode: 'worker_crashed', crashCount: 2 });
  expect(cancelled).toMatchObject([{ status: 'cancelled' }]);
});

test('a rescue names the worker it saw: another one’s task is left alone', async () => {
  const task = await startedTask(db.store, { workerId: 'w2' });

  const rescued = await db.store.tasks.rescueIfProcessing([
    { taskId: task.taskId, attempt: 1, workerId: 'w1', crashLimit: 2 },
  ]);

  expect(rescued).toEqual([]);
  expect(await find(task.taskId)).toMatchObject({ status: 'processing' });
});

test('progress is written for the running attempt only', async () => {
  const task = await startedTask(db.store);

  const written = await db.store.tasks.setProgress([{ id: task.id, attempt: 1, progressJson: '{"pct":40}' }]);
  const stale = await db.store.tasks.setProgress([{ id: task.id, attempt: 0, progressJson: '{"pct":99}' }]);

  expect([written, stale]).toEqual([1, 0]);
  expect(await find(task.taskId)).toMatchObject({ progress: { pct: 40 } });
});

describe('every change of status', () => {
  const reach = {
    pending: async () => {
      const task = newTask();
      await db.store.tasks.insertMany([task]);
      return task.taskId;
    },
    processing: async () => (await startedTask(db.store)).taskId,
    success: async () => ended('success'),
    failed: async () => ended('failed'),
    cancelled: async () => ended('cancelled'),
  };
  const ended = async (status: 'success' | 'failed' | 'cancelled') => {
    const task = await startedTask(db.store);
    await db.store.tasks.recordOutcomes([outcomeOf(task, { status, outcome: 'failed' })]);
    return task.taskId;
  };
  const pairs = TASK_STATUSES.flatMap((from) => TASK_STATUSES.map((to) => [from, to] as const));

  test.each(pairs)('from %s to %s happens or is refused as the rules say', async (from, to) => {
    const taskId = await reach[from]();

    const change = db.store.tasks.updateStatus(taskId, to, { workerId: 'w9', resultJson: '1' });

    if (isLegalTransition(from, to)) {
      expect(await change).toMatchObject({ status: to });
    } else {
      await expect(change).rejects.toThrow(IllegalTransition);
      expect(await find(taskId)).toMatchObject({ status: from });
    }
  });

  test('of a task that is not there answers null', async () => {
    expect(await db.store.tasks.updateStatus('nothing', 'failed')).toBeNull();
  });
});
