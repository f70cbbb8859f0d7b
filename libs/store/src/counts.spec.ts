import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newTask, outcomeOf, retryOf, testStore, type TestStore } from './store.fixture';
import type { StartedTask } from './task-row';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const COUNTED = `
  SELECT status, type, queue, user_id, sum(n)::integer AS n FROM (
    SELECT status, type, queue, NULL AS user_id, n FROM task_counts
    UNION ALL SELECT status, type, queue, NULL, n FROM task_count_deltas
    UNION ALL SELECT status, type, queue, user_id, n FROM task_user_counts
    UNION ALL SELECT status, type, queue, user_id, n FROM task_count_deltas WHERE user_id IS NOT NULL
  ) AS c GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4`;

const TRUTH = `
  SELECT status, type, queue, user_id, count(*)::integer AS n FROM (
    SELECT status, type, queue, NULL AS user_id FROM tasks
    UNION ALL SELECT status, type, queue, user_id FROM tasks WHERE user_id IS NOT NULL
  ) AS t GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;

async function expectCountsToBeTrue(): Promise<void> {
  expect(await db.sql(COUNTED)).toEqual(await db.sql(TRUTH));
  const byStatus = await db.store.queries.countByStatus();
  const truth = await db.sql<{ status: string; n: number }>(
    'SELECT status, count(*)::integer AS n FROM tasks GROUP BY 1',
  );
  expect(Object.entries(byStatus).filter(([, n]) => n > 0)).toHaveLength(truth.length);
  for (const { status, n } of truth) expect(byStatus).toMatchObject({ [status]: n });
}

/** What may happen to tasks, by Millrace or by an operator's plain SQL; `pick` chooses among the tasks there are. */
const operations = {
  submit: async (pick: number) => {
    const task = (index: number) =>
      newTask({ type: `t${(pick + index) % 3}`, queue: `q${pick % 2}`, userId: pick % 3 ? `u${pick % 4}` : null });
    await db.store.tasks.insertMany(Array.from({ length: 1 + (pick % 5) }, (_, index) => task(index)));
  },
  start: async () => void (await startAll(3)),
  succeed: async () => void (await db.store.tasks.recordOutcomes((await startAll(2)).map((task) => outcomeOf(task)))),
  fail: async () =>
    void (await db.store.tasks.recordOutcomes(
      (await startAll(4)).map((task, index) => retryOf(task, index % 2 ? {} : { status: 'failed' })),
    )),
  cancel: async (pick: number) => void (await db.store.tasks.cancelIfPending(await some(pick))),
  retry: async (pick: number) => void (await db.store.tasks.retryIfFinal(await some(pick))),
  rename: async (pick: number) =>
    void (await db.sql(`UPDATE tasks SET type = 't9', user_id = 'u9' WHERE task_id = $1`, [await some(pick)])),
  moveByHand: async () =>
    void (await db.sql(
      `UPDATE tasks SET status = 'cancelled', finished_at = now() WHERE id IN (SELECT id FROM tasks_pending LIMIT 2)`,
    )),
  deleteByHand: async (pick: number) => void (await db.sql(`DELETE FROM tasks WHERE task_id = $1`, [await some(pick)])),
  insertByHand: async () => void (await db.sql(`INSERT INTO tasks (type) SELECT 'hand' FROM generate_series(1, 3)`)),
  fold: async () => void (await db.store.counts.runOnce()),
} as const;

async function some(pick: number): Promise<string> {
  const rows = await db.sql<{ task_id: string }>('SELECT task_id FROM tasks ORDER BY id DESC LIMIT 20');
  return rows[pick % Math.max(rows.length, 1)]?.task_id ?? 'none';
}

async function startAll(limit: number): Promise<StartedTask[]> {
  const rows = await db.sql<{ task_id: string; attempt: number }>(
    `SELECT task_id, attempt FROM tasks_pending WHERE run_at <= now() ORDER BY id DESC LIMIT ${limit}`,
  );
  const starts = rows.map(({ task_id: taskId, attempt }) => ({ taskId, attempt }));
  const results = await db.store.tasks.startMany(starts, 'w1');
  return results.flatMap((result) => (result.kind === 'started' ? [result.task] : []));
}

test('counts equal GROUP BY after any sequence of operations, folded or not', async () => {
  const names = Object.keys(operations) as (keyof typeof operations)[];
  const step = fc.tuple(fc.constantFrom(...names), fc.nat(1_000));

  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      for (const [name, pick] of steps) await operations[name](pick);
      await expectCountsToBeTrue();
    }),
    { numRuns: 12 },
  );
});

test('counts stay true while many write and one folds at the same time', async () => {
  const write = async (pick: number) => {
    await operations.submit(pick);
    await operations.fail();
  };

  await Promise.all([write(1), write(2), write(3), db.store.counts.runOnce(), write(4), db.store.counts.runOnce()]);
  await db.store.counts.runOnce();

  await expectCountsToBeTrue();
  expect(await db.sql('SELECT 1 FROM task_count_deltas')).toEqual([]);
});

test('a rolled back change is not counted', async () => {
  const undone = db.store.tasks.transaction(async (manager) => {
    await db.store.tasks.insertMany([newTask()], manager);
    throw new Error('undo');
  });

  await expect(undone).rejects.toThrow('undo');
  await expectCountsToBeTrue();
});

test('dropping a partition, and TRUNCATE, take their tasks out of the counts', async () => {
  await db.sql(
    `UPDATE tasks SET status = 'cancelled', finished_at = now() - interval '200 days' WHERE status = 'pending'`,
  );
  await operations.submit(7);
  await db.store.partitions.prune({ successMs: 1, failedMs: 1, cancelledMs: 1 });
  await expectCountsToBeTrue();

  await db.sql('TRUNCATE tasks');

  await expectCountsToBeTrue();
  expect(Object.values(await db.store.queries.countByStatus())).toEqual([0, 0, 0, 0, 0]);
});

test('counts narrow by type, queue and user', async () => {
  const tasks = [
    newTask({ type: 'a', queue: 'x', userId: 'u1' }),
    newTask({ type: 'a', queue: 'y', userId: 'u2' }),
    newTask({ type: 'b', queue: 'x', userId: 'u1' }),
  ];
  await db.store.tasks.insertMany(tasks);

  const pending = async (filter: Parameters<typeof db.store.queries.countByStatus>[0]) =>
    (await db.store.queries.countByStatus(filter)).pending;

  expect(await pending({ type: 'a' })).toBe(2);
  expect(await pending({ queue: 'x' })).toBe(2);
  expect(await pending({ userId: 'u1' })).toBe(2);
  expect(await pending({ userId: 'u1', type: 'a', queue: 'x' })).toBe(1);
  await db.store.counts.runOnce();
  expect(await pending({ userId: 'u1', type: 'b' })).toBe(1);
});
