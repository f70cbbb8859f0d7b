import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from './store';
import { newTask, outcomeOf, testStore, type TestStore } from './store.fixture';
import { StoreOptions } from './store-options';

let db: TestStore;
/** As a worker opens it. One connection, so that every statement is prepared on it and counted by it. */
let store: Store;
beforeAll(async () => {
  db = await testStore();
  store = await openStore(new StoreOptions({ databaseUrl: db.url, poolSize: 1, plans: 'by_key' }));
});
afterAll(async () => {
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
async function wholeReads(): Promise<number> {
  await store.dataSource.query('SELECT pg_stat_force_next_flush()');
  await store.dataSource.query('SELECT 1');
  const [row] = await db.sql<{ n: number }>(
    `SELECT sum(seq_scan)::integer AS n FROM pg_stat_user_tables WHERE relname IN ('tasks_pending', 'tasks_processing')`,
  );
  return row?.n ?? 0;
}

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

/** How many entries of their indexes the connection has read. */
async function entriesRead(): Promise<number> {
  await store.dataSource.query('SELECT pg_stat_force_next_flush()');
  await store.dataSource.query('SELECT 1');
  const [row] = await db.sql<{ n: number }>(
    `SELECT sum(idx_tup_read)::integer AS n FROM pg_stat_user_indexes WHERE relname IN ('tasks_pending', 'tasks_processing')`,
  );
  return row?.n ?? 0;
}

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
  const before = await entriesRead();

  expect(await runTasks(3)).toBe(3);

  expect((await entriesRead()) - before).toBeLessThan(100);
});

test('a connection that has lost its prepared statements serves on', async () => {
  expect(await runTasks(1)).toBe(1);

  await store.dataSource.query('DEALLOCATE ALL');

  expect(await runTasks(1)).toBe(1);
  expect(await runTasks(1)).toBe(1);
});
