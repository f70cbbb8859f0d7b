import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Database } from './database';
import { LiveVacuum } from './live-vacuum';
import { openStore, type Store } from './store';
import { newTask, outcomeOf, testStore, type TestStore } from './store.fixture';
import { StoreOptions } from './store-options';

const TABLES = ['tasks_pending', 'tasks_processing', 'task_count_deltas'];

let db: TestStore;
/** Of one connection, which is told to publish its statistics at once. */
let store: Store;
let other: Client;
let vacuum: LiveVacuum;
beforeAll(async () => {
  db = await testStore();
  store = await openStore(new StoreOptions({ databaseUrl: db.url, poolSize: 1 }));
  other = new Client({ connectionString: db.url });
  await other.connect();
});
afterAll(async () => {
  await other.end();
  await store.close();
  await db.close();
});

beforeEach(async () => {
  await store.dataSource.query('TRUNCATE tasks, task_count_deltas');
  for (const table of TABLES) await store.dataSource.query(`VACUUM ${table}`);
  vacuum = new LiveVacuum(new Database(store.dataSource));
});

/** Tables with dead rows, as statistics know it. */
async function withDeadRows(): Promise<string[]> {
  await store.dataSource.query('SELECT pg_stat_force_next_flush()');
  const rows: { relname: string }[] = await store.dataSource.query(
    `SELECT relname FROM pg_stat_user_tables WHERE relname = ANY ($1) AND n_dead_tup > 1000 ORDER BY relname`,
    [TABLES],
  );
  return rows.map(({ relname }) => relname);
}

async function passThrough(count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000) {
    const tasks = Array.from({ length: 1_000 }, () => newTask());
    await store.tasks.insertMany(tasks);
    const starts = tasks.map(({ taskId }) => ({ taskId, attempt: 0 }));
    const results = await store.tasks.startMany(starts, 'w1');
    await store.tasks.recordOutcomes(
      results.flatMap((result) => (result.kind === 'started' ? [outcomeOf(result.task)] : [])),
    );
  }
}

/** Leaves so many dead rows behind. */
async function comeAndGo(count: number): Promise<void> {
  await store.dataSource.query(`INSERT INTO tasks (type) SELECT 'gone' FROM generate_series(1, $1::integer)`, [count]);
  await store.dataSource.query(`DELETE FROM tasks_pending WHERE type = 'gone'`);
}

async function sizeOf(table: string): Promise<number> {
  const [row]: { size: string }[] = await store.dataSource.query('SELECT pg_relation_size($1::regclass) AS size', [
    table,
  ]);
  return Number(row?.size);
}

test('what has passed through is removed, so that the tables of waiting and running tasks take no more room', async () => {
  await passThrough(6_000);
  expect(await withDeadRows()).toEqual(['tasks_pending', 'tasks_processing']);

  expect(await vacuum.runOnce()).toBe(2);

  expect(await withDeadRows()).toEqual([]);
  const before = [await sizeOf('tasks_pending'), await sizeOf('tasks_processing')];
  await passThrough(4_000);
  expect([await sizeOf('tasks_pending'), await sizeOf('tasks_processing')]).toEqual(before);
});

test('few dead rows are left alone, and so are few beside what waits', async () => {
  await comeAndGo(4_000);
  expect(await withDeadRows()).toEqual(['tasks_pending']);
  expect(await vacuum.runOnce()).toBe(0);

  await store.dataSource.query(`INSERT INTO tasks (type) SELECT 'kept' FROM generate_series(1, 70000)`);
  await comeAndGo(2_000);
  expect(await withDeadRows()).toEqual(['tasks_pending']);
  expect(await vacuum.runOnce()).toBe(0);
});

test('a table that somebody else vacuums or changes is not waited for', async () => {
  await comeAndGo(6_000);
  await withDeadRows();
  await other.query('BEGIN');
  await other.query('LOCK TABLE tasks_pending IN SHARE UPDATE EXCLUSIVE MODE');
  try {
    // The lock is held until this has returned.
    await vacuum.runOnce();
  } finally {
    await other.query('ROLLBACK');
  }
  expect(await withDeadRows()).toEqual(['tasks_pending']);

  await db.store.liveVacuum.runOnce();
  expect(await withDeadRows()).toEqual([]);
});

test('a table whose dead rows an old snapshot keeps is left alone for a while', async () => {
  await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await other.query('SELECT count(*) FROM tasks_pending');
  try {
    await comeAndGo(6_000);
    await withDeadRows();

    const vacuumed = [await vacuum.runOnce(), await vacuum.runOnce()];

    expect(vacuumed).toEqual([1, 0]);
    expect(await withDeadRows()).toEqual(['tasks_pending']);
  } finally {
    await other.query('ROLLBACK');
  }
});
