import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from './store';
import { newTask, outcomeOf, statistic, testStore, type TestStore } from './store.fixture';
import { StoreOptions } from './store-options';
import type { TaskFilter } from './task-filter';

const KIND = { type: 'kind', queue: 'kind', userId: 'kind', scheduleId: 1 };
const OTHER_KIND = { type: 'other', queue: 'other', userId: 'other', scheduleId: 2 };

let db: TestStore;
/** As a worker opens it. One connection, so that every statement is prepared on it and counted by it. */
let store: Store;
/** As an api opens it. */
let api: Store;
beforeAll(async () => {
  db = await testStore();
  store = await openStore(new StoreOptions({ databaseUrl: db.url, poolSize: 1, plans: 'by_key' }));
  api = await openStore(new StoreOptions({ databaseUrl: db.url, poolSize: 1 }));
});
afterAll(async () => {
  await api.close();
  await store.close();
  await db.close();
});

/** Submits, starts and ends so many tasks; answers how many of them succeeded. */
async function runTasks(count: number): Promise<number> {
  const tasks = Array.from({ length: count }, () => newTask());
  await store.tasks.insertMany(tasks);
  const results = await store.tasks.startMany(
    tasks.map(({ taskId }) => ({ taskId, attempt: 0 })),
    'w1',
  );
  const started = results.flatMap((result) => (result.kind === 'started' ? [result.task] : []));
  return (await store.tasks.recordOutcomes(started.map((task) => outcomeOf(task)))).length;
}

/** How often the connection has read a whole table of the waiting or the running tasks. */
const wholeReads = () =>
  statistic(
    store,
    `SELECT sum(seq_scan)::integer AS n FROM pg_stat_user_tables WHERE relname IN ('tasks_pending', 'tasks_processing')`,
  );

test('statements that were planned on empty tables read no whole table, then or when the tables have grown', async () => {
  await db.sql('VACUUM tasks_pending');
  await db.sql('VACUUM tasks_processing');
  const before = await wholeReads();

  // A statement is planned for good after five times.
  for (let round = 0; round < 10; round += 1) expect(await runTasks(3)).toBe(3);
  expect(await runTasks(900)).toBe(900);
  expect(await runTasks(50)).toBe(50);

  expect(await wholeReads()).toBe(before);
});

/** How many entries of their indexes have been read, as of now on the connection of `by`. */
const entriesRead = (by: Store) =>
  statistic(
    by,
    `SELECT sum(idx_tup_read)::integer AS n FROM pg_stat_user_indexes WHERE relname IN ('tasks_pending', 'tasks_processing')`,
  );

test('statements that were planned while the tables looked empty look up their rows alone, also when many others are there', async () => {
  expect(await runTasks(500)).toBe(500);
  await db.sql('VACUUM (ANALYZE) tasks_pending');
  await db.sql('VACUUM (ANALYZE) tasks_processing');
  for (let round = 0; round < 10; round += 1) expect(await runTasks(3)).toBe(3);
  const running = Array.from({ length: 900 }, () => newTask());
  await store.tasks.insertMany(running);
  await store.tasks.startMany(
    running.map(({ taskId }) => ({ taskId, attempt: 0 })),
    'w1',
  );
  await store.tasks.insertMany(Array.from({ length: 900 }, () => newTask()));
  const before = await entriesRead(store);

  expect(await runTasks(3)).toBe(3);

  expect((await entriesRead(store)) - before).toBeLessThan(100);
});

test('a connection that has lost its prepared statements serves on', async () => {
  expect(await runTasks(1)).toBe(1);

  await store.dataSource.query('DEALLOCATE ALL');

  expect(await runTasks(1)).toBe(1);
  expect(await runTasks(1)).toBe(1);
});

test('a transaction whose prepared statements are lost is run again as a whole', async () => {
  const other = await openStore(new StoreOptions({ databaseUrl: db.url, poolSize: 1 }));
  const insertTwo = () =>
    other.tasks.transaction(async (manager) => {
      const named = await other.tasks.insertMany([newTask({ taskId: `named-${randomUUID()}` })], manager);
      return [...named, ...(await other.tasks.insertMany([newTask(), newTask()], manager))];
    });
  await insertTwo();
  await other.dataSource.query('DEALLOCATE ALL');

  const results = await insertTwo();

  await other.close();
  expect(results.map(({ kind }) => kind)).toEqual(['inserted', 'inserted', 'inserted']);
  const ids = results.map(({ taskId }) => taskId);
  expect(await db.sql('SELECT FROM tasks WHERE task_id = ANY ($1)', [ids])).toHaveLength(3);
});

const twentyOf = (filter: Omit<TaskFilter, 'status'>, cursor?: string) =>
  api.queries.list({ status: 'all', ...filter }, { page: 1, pageSize: 20, cursor });

test('a list by type, queue, user or schedule reads what it shows, also when all younger tasks are of another kind', async () => {
  await db.sql('TRUNCATE tasks');
  const ofTwoKinds = Array.from({ length: 200 }, (_, n) => newTask(n % 2 === 0 ? KIND : OTHER_KIND));
  await store.tasks.insertMany(ofTwoKinds);
  await db.sql('VACUUM (ANALYZE) tasks_pending');
  await store.tasks.insertMany(Array.from({ length: 3_000 }, () => newTask(OTHER_KIND)));

  const { type, queue, userId, scheduleId } = KIND;
  for (const filter of [{ type }, { queue }, { userId }, { scheduleId }, { type, queue }]) {
    const before = await entriesRead(api);
    expect((await twentyOf(filter)).items).toHaveLength(20);
    // The total of a schedule's list is counted.
    expect((await entriesRead(api)) - before, Object.keys(filter).join()).toBeLessThan(300);
  }
});

/** How many pages of indexes have been read, as of now on the connection of the api. */
const pagesRead = () =>
  statistic(
    api,
    `SELECT sum(idx_blks_hit + idx_blks_read)::integer AS n FROM pg_statio_user_indexes WHERE relname = 'tasks_pending'`,
  );

test('a late page of a list by type begins where the one before it ended', async () => {
  await db.sql('TRUNCATE tasks');
  await db.sql(`INSERT INTO tasks (type) SELECT $1 FROM generate_series(1, 20000)`, [KIND.type]);
  await db.sql('VACUUM (ANALYZE) tasks_pending');
  const { nextCursor } = await api.queries.list({ status: 'all', type: KIND.type }, { page: 90, pageSize: 200 });
  const before = await pagesRead();

  const { items } = await twentyOf({ type: KIND.type }, nextCursor ?? '');

  expect(items).toHaveLength(20);
  expect((await pagesRead()) - before).toBeLessThan(20);
});

/** How many rows of finished tasks have been read without an index, as of now on the connection of the api. */
const rowsReadInRow = () =>
  statistic(
    api,
    `SELECT sum(seq_tup_read)::integer AS n FROM pg_stat_user_tables WHERE relname LIKE 'tasks_success_%'`,
  );

test('the total of a list is counted along an index, wherever in a table its tasks lie', async () => {
  await db.sql('TRUNCATE tasks');
  // The younger ones are of the schedule, have ids of their own and lie behind the others.
  await db.sql(
    `INSERT INTO tasks (status, type, task_id, schedule_id, created_at, finished_at)
     SELECT 'success', 'noop', CASE WHEN n > 8000 THEN 'young-' ELSE 'old-' END || n, CASE WHEN n > 8000 THEN 1 ELSE 2 END, at, at
     FROM (SELECT n, now() - interval '4 days' - (40000 - n) * interval '1 min' AS at FROM generate_series(1, 40000) AS n) AS past`,
  );
  await db.sql('VACUUM (ANALYZE) tasks_success');
  const [{ createdFrom } = {}] = await db.sql<{ createdFrom: Date }>(
    `SELECT created_at AS "createdFrom" FROM tasks WHERE task_id = 'young-8001'`,
  );

  for (const filter of [{ createdFrom }, { createdFrom, createdTo: new Date() }, { scheduleId: 1 }, { q: 'young-' }]) {
    for (const status of ['all', 'success'] as const) {
      const before = await rowsReadInRow();
      const { total, totalRelation } = await api.queries.list({ status, ...filter }, { page: 1, pageSize: 20 });
      expect([total, totalRelation]).toEqual([10_000, 'at_least']);
      expect((await rowsReadInRow()) - before, Object.keys({ ...filter, [status]: 1 }).join()).toBe(0);
    }
  }
});
