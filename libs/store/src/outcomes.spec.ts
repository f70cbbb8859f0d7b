import { afterAll, beforeAll, expect, test } from 'vitest';
import { newTask, outcomeOf, retryOf, startAgain, startedTask, testStore, type TestStore } from './store.fixture';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const find = (taskId: string) => db.store.queries.findByTaskId(taskId);
const historyOf = async (taskId: string) =>
  (await db.store.attempts.ofTask(taskId)).map(({ attempt, outcome, workerId }) => [attempt, outcome, workerId]);

test('a success ends the task with its result, and only its own row tells of the attempt', async () => {
  const task = await startedTask(db.store);

  const recorded = await db.store.tasks.recordOutcomes([outcomeOf(task, { resultJson: '{"n":9007199254740993}' })]);

  expect(recorded).toMatchObject([{ taskId: task.taskId, status: 'success', attempt: 1 }]);
  expect(await find(task.taskId)).toMatchObject({ status: 'success', workerId: 'w1', errorCode: null, attempt: 1 });
  expect(await db.sql('SELECT 1 FROM task_attempts WHERE task_id = $1', [task.taskId])).toEqual([]);
  expect(await db.sql(`SELECT result ->> 'n' AS n FROM tasks WHERE task_id = $1`, [task.taskId])).toEqual([
    { n: '9007199254740993' },
  ]);
  expect(await historyOf(task.taskId)).toEqual([[1, 'succeeded', 'w1']]);
});

test('a retry waits again under the same id, due after its delay by the database’s clock', async () => {
  const task = await startedTask(db.store);

  const [recorded] = await db.store.tasks.recordOutcomes([retryOf(task, { delayMs: 60_000 })]);

  const row = await find(task.taskId);
  expect(row).toMatchObject({ id: task.id, status: 'pending', attempt: 1, retryCount: 1, errorMessage: 'boom' });
  expect(row).toMatchObject({ workerId: null, startedAt: null, finishedAt: null, errorCode: 'handler_error' });
  expect(recorded?.runAt).toEqual(row?.runAt);
  const [{ ms } = { ms: 0 }] = await db.sql<{ ms: number }>(
    `SELECT extract(epoch FROM run_at - updated_at)::float8 * 1000 AS ms FROM tasks WHERE task_id = $1`,
    [task.taskId],
  );
  expect(ms).toBe(60_000);
});

test('every attempt of a task that ended otherwise than by a first success is in its history', async () => {
  const task = await startedTask(db.store);
  await db.store.tasks.recordOutcomes([retryOf(task)]);
  const second = await startAgain(db.store, { taskId: task.taskId, attempt: 1 }, 'w2');
  const running = await historyOf(task.taskId);

  await db.store.tasks.recordOutcomes([outcomeOf(second, { workerId: 'w2' })]);

  expect(running).toEqual([
    [1, 'failed', 'w1'],
    [2, null, 'w2'],
  ]);
  expect(await historyOf(task.taskId)).toEqual([
    [1, 'failed', 'w1'],
    [2, 'succeeded', 'w2'],
  ]);
  expect(await find(task.taskId)).toMatchObject({ status: 'success', errorMessage: null, errorCode: null });
});

test('an outcome of an attempt that was given up changes nothing and is kept as superseded', async () => {
  const task = await startedTask(db.store);
  await db.store.tasks.rescueIfProcessing([{ taskId: task.taskId, attempt: 1, workerId: 'w1', crashLimit: 3 }]);
  const second = await startAgain(db.store, { taskId: task.taskId, attempt: 1 }, 'w2');

  const late = await db.store.tasks.recordOutcomes([outcomeOf(task)]);
  const current = await db.store.tasks.recordOutcomes([outcomeOf(second, { workerId: 'w2', resultJson: '2' })]);

  expect(late).toEqual([]);
  expect(current).toHaveLength(1);
  expect(await find(task.taskId)).toMatchObject({ status: 'success', result: 2, workerId: 'w2', crashCount: 1 });
  expect(await historyOf(task.taskId)).toEqual([
    [1, 'lost', 'w1'],
    [1, 'superseded', 'w1'],
    [2, 'succeeded', 'w2'],
  ]);
});

test('the outcome of an attempt that has not ended can come only once, also twice in a batch', async () => {
  const task = await startedTask(db.store);

  const recorded = await db.store.tasks.recordOutcomes([outcomeOf(task), outcomeOf(task)]);

  expect(recorded).toHaveLength(1);
  expect(await db.sql('SELECT 1 FROM tasks WHERE task_id = $1', [task.taskId])).toHaveLength(1);
});

test('sending records again after an answer was lost wins again and supersedes nothing', async () => {
  const [won, retried, moved] = [await startedTask(db.store), await startedTask(db.store), await startedTask(db.store)];
  const records = [outcomeOf(won), retryOf(retried), retryOf(moved)];
  await db.store.tasks.recordOutcomes(records);
  await startAgain(db.store, { taskId: moved.taskId, attempt: 1 }, 'w2');

  const again = await db.store.tasks.recordOutcomes(records);

  expect(again.map(({ taskId, status }) => [taskId, status]).sort()).toEqual(
    [
      [won.taskId, 'success'],
      [retried.taskId, 'pending'],
    ].sort(),
  );
  expect(
    await db.sql(`SELECT 1 FROM task_attempts WHERE outcome = 'superseded' AND task_id = $1`, [moved.taskId]),
  ).toEqual([]);
});

test.each([
  ['failed for good', { status: 'failed', outcome: 'failed', errorCode: 'non_retryable' }],
  ['to be retried', { status: 'pending', outcome: 'failed', errorCode: 'handler_error' }],
  ['handed back', { status: 'pending', outcome: 'interrupted', errorCode: null }],
] as const)('a requested cancel beats an attempt that is %s', async (_, changes) => {
  const task = await startedTask(db.store);
  await db.store.tasks.requestCancelIfProcessing(task.taskId, 'ops');

  const recorded = await db.store.tasks.recordOutcomes([retryOf(task, changes)]);

  expect(recorded).toMatchObject([{ status: 'cancelled' }]);
  expect(await find(task.taskId)).toMatchObject({ status: 'cancelled', errorCode: 'cancelled' });
  expect(await historyOf(task.taskId)).toEqual([[1, 'cancelled', 'w1']]);
});

test('a success beats a requested cancel', async () => {
  const task = await startedTask(db.store);
  await db.store.tasks.requestCancelIfProcessing(task.taskId);

  const recorded = await db.store.tasks.recordOutcomes([outcomeOf(task)]);

  expect(recorded).toMatchObject([{ status: 'success' }]);
});

test('an outcome that waited for a cancel request to commit sees it', async () => {
  const task = await startedTask(db.store);
  const other = db.store.dataSource.createQueryRunner();
  await other.startTransaction();
  await other.query("UPDATE tasks_processing SET cancel_requested_at = now(), progress = '1' WHERE id = $1", [task.id]);

  const recording = db.store.tasks.recordOutcomes([retryOf(task)]);
  await other.commitTransaction();
  await other.release();

  expect(await recording).toMatchObject([{ status: 'cancelled' }]);
});

test('text that PostgreSQL cannot hold is replaced, in errors and in results', async () => {
  const [a, b] = [await startedTask(db.store), await startedTask(db.store)];

  await db.store.tasks.recordOutcomes([
    outcomeOf(a, { resultJson: JSON.stringify({ text: 'nul \u0000 half \ud800 pair \ud83d\ude00 slash \\u0000' }) }),
    retryOf(b, { errorMessage: 'nul \u0000 half \udc00' }),
  ]);

  expect(await find(a.taskId)).toMatchObject({
    result: { text: 'nul \ufffd half \ufffd pair \ud83d\ude00 slash \\u0000' },
  });
  expect(await find(b.taskId)).toMatchObject({ errorMessage: 'nul \ufffd half \ufffd' });
});

test('a result that cannot be stored costs its task the result alone, and its neighbours nothing', async () => {
  const tasks = await Promise.all(Array.from({ length: 5 }, () => startedTask(db.store)));
  const records = tasks.map((task, index) =>
    outcomeOf(task, index === 2 ? { resultJson: '{"n":1e999999}' } : { resultJson: `${index}` }),
  );

  const recorded = await db.store.tasks.recordOutcomes(records);

  expect(recorded).toHaveLength(5);
  const rows = await Promise.all(tasks.map(({ taskId }) => find(taskId)));
  expect(rows.map((row) => row?.status)).toEqual(Array(5).fill('success'));
  expect(rows.map((row) => row?.result)).toMatchObject([0, 1, { millrace: expect.any(String) as string }, 3, 4]);
});

test('writers that share tasks in opposite orders record each once and never deadlock', async () => {
  const inserted = Array.from({ length: 100 }, () => newTask());
  await db.store.tasks.insertMany(inserted);
  const started = await db.store.tasks.startMany(
    inserted.map(({ taskId }) => ({ taskId, attempt: 0 })),
    'w1',
  );
  const records = started.flatMap((result) => (result.kind === 'started' ? [outcomeOf(result.task)] : []));

  const written = Promise.all([
    db.store.tasks.recordOutcomes(records),
    db.store.tasks.recordOutcomes(records.toReversed()),
    db.store.tasks.setProgress(records.map(({ id, attempt }) => ({ id, attempt, progressJson: '50' })).toReversed()),
    db.store.tasks.rescueIfProcessing(records.map((record) => ({ ...record, crashLimit: 3 }))),
  ]);

  const [first, second, , rescued] = await written;
  const won = new Set([...first, ...second, ...rescued].map(({ taskId, status }) => `${taskId} ${status}`));
  expect(won.size).toBe(100);
  const rows = await db.sql('SELECT 1 FROM tasks WHERE task_id = ANY ($1)', [inserted.map(({ taskId }) => taskId)]);
  expect(rows).toHaveLength(100);
});
