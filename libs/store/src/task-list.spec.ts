import { afterAll, beforeEach, expect, test } from 'vitest';
import { openStore } from './store';
import { newTask, statistic, testStore, walkList, type TestStore } from './store.fixture';
import { StoreOptions } from './store-options';
import type { TaskFilter } from './task-filter';

const DAY_MS = 86_400_000;

const db: TestStore = await testStore();
/** One connection, so that what it has read is counted on it. */
const api = await openStore(new StoreOptions({ databaseUrl: db.url, poolSize: 1 }));
beforeEach(() => db.sql('TRUNCATE tasks'));
afterAll(async () => {
  await api.close();
  await db.close();
});

const list = (filter: Omit<TaskFilter, 'status'>, page: { pageSize: number; page?: number; cursor?: string }) =>
  api.queries.list({ status: 'all', ...filter }, { page: 1, ...page });

const walk = (filter: Omit<TaskFilter, 'status'>, pageSize: number) =>
  walkList(api, { status: 'all', ...filter }, pageSize);

/** So many tasks, of which number `n` is given columns by SQL. */
async function insert(count: number, columns: Readonly<Record<string, string>>): Promise<void> {
  const names = Object.keys(columns).join(', ');
  await db.sql(
    `INSERT INTO tasks (${names}) SELECT ${Object.values(columns).join(', ')} FROM generate_series(1, ${count}) AS n`,
  );
  await db.sql('VACUUM (ANALYZE) tasks_pending, tasks_success');
}

/** How many entries of the indexes of tasks have been read by now. */
const entriesRead = () =>
  statistic(api, `SELECT sum(idx_tup_read)::integer AS n FROM pg_stat_user_indexes WHERE relname LIKE 'tasks%'`);

test('a list by the start of the id is newest first, whatever the ids are', async () => {
  const ids = ['order-7', 'order-10', 'order-9', 'order-1', 'order-8'];
  for (const taskId of ids) await db.store.tasks.insertMany([newTask({ taskId }), newTask()]);

  expect(await walk({ q: 'order-' }, 2)).toEqual(ids.toReversed());
  const createdFrom = new Date(Date.now() - DAY_MS);
  expect(await walk({ q: 'order-', createdFrom }, 2)).toEqual(ids.toReversed());
});

test('a list by the start of more than 2,000 ids is in their order, and its cursors come to each task once', async () => {
  await insert(2_200, { type: `CASE n % 2 WHEN 0 THEN 'even' ELSE 'odd' END`, task_id: `'many-' || n * 7919 % 2203` });
  const ids = (await db.sql<{ id: string }>(`SELECT task_id AS id FROM tasks ORDER BY task_id DESC`)).map(
    ({ id }) => id,
  );

  expect(await walk({ q: 'many-' }, 200)).toEqual(ids);
  expect((await list({ q: 'many-' }, { page: 3, pageSize: 100 })).items.map(({ taskId }) => taskId)).toEqual(
    ids.slice(200, 300),
  );
  expect(await walk({ q: 'many-', type: 'even' }, 200)).toHaveLength(1_100);
});

test('a list by the start of the id goes on in the order in which it has begun, also when the ids become many meanwhile', async () => {
  await insert(1_990, { type: `'noop'`, task_id: `'grow-' || n * 7919 % 1993` });
  const ids = (await db.sql<{ id: string }>(`SELECT task_id AS id FROM tasks ORDER BY tasks.id DESC`)).map(
    ({ id }) => id,
  );
  const { nextCursor } = await list({ q: 'grow-' }, { pageSize: 100 });
  await insert(100, { type: `'noop'`, task_id: `'grow-late-' || n` });

  const { items } = await list({ q: 'grow-' }, { pageSize: 100, cursor: nextCursor ?? '' });

  expect(items.map(({ taskId }) => taskId)).toEqual(ids.slice(100, 200));
});

test('a list by the start of many ids reads what it shows, also when all younger tasks are called otherwise', async () => {
  await insert(3_000, { type: `'noop'`, task_id: `'old-' || n` });
  await insert(30_000, { type: `'noop'`, task_id: `'young-' || n` });
  const before = await entriesRead();

  expect((await list({ q: 'old-' }, { pageSize: 20 })).items).toHaveLength(20);

  // The total is counted, and it is seen that they are many.
  const read = (await entriesRead()) - before;
  expect(read).toBeGreaterThan(3_000 + 2_001);
  expect(read).toBeLessThan(3_000 + 2_001 + 500);
});

test('a total that one index cannot tell looks at 2,000 tasks along each of two, and says when it is not all', async () => {
  await insert(25_000, {
    type: `'noop'`,
    user_id: `'common'`,
    queue: `CASE WHEN n > 24000 THEN 'late' ELSE 'early' END`,
  });
  const span = { createdFrom: new Date(Date.now() - DAY_MS) };
  const before = await entriesRead();

  const late = await list({ ...span, userId: 'common', queue: 'late' }, { pageSize: 20 });

  const read = (await entriesRead()) - before;
  expect(read).toBeGreaterThan(2 * 2_001);
  expect(read).toBeLessThan(2 * 2_001 + 2_001 + 3_000);
  // None of the first 2,000 is in the queue, and the page shows 20 that are.
  expect(late).toMatchObject({ total: 20, totalRelation: 'at_least' });
  const early = await list({ ...span, userId: 'common', queue: 'early' }, { pageSize: 20 });
  expect(early).toMatchObject({ total: 2_000, totalRelation: 'at_least' });
});

test('a total is exact when one part of the filter has few tasks, or the page is the end of the list', async () => {
  await insert(12_000, { type: `'noop'`, user_id: `CASE WHEN n % 100 = 0 THEN 'rare' ELSE 'common' END` });
  await db.store.tasks.insertMany([newTask({ type: 'last', userId: 'common', queue: 'q1' })]);
  const span = { createdFrom: new Date(Date.now() - DAY_MS) };

  expect(await list({ ...span, userId: 'rare' }, { pageSize: 20 })).toMatchObject({
    total: 120,
    totalRelation: 'exact',
  });
  const filter = { ...span, userId: 'common', type: 'last', queue: 'q1' };
  expect(await list(filter, { pageSize: 20 })).toMatchObject({ total: 1, totalRelation: 'exact' });
  expect(await list({ ...filter, queue: 'q2' }, { pageSize: 20 })).toMatchObject({ total: 0, totalRelation: 'exact' });
  // A page behind the end does not know where the end was.
  expect(await list(filter, { page: 3, pageSize: 20 })).toMatchObject({ items: [], totalRelation: 'at_least' });
});

test('a list of a span and a user whose tasks are all older looks at 20,000 tasks of the span, not at all of them', async () => {
  const at = `now() - interval '20 days' + n * interval '1 min'`;
  await insert(3_000, { type: `'noop'`, user_id: `'gone'`, created_at: at });
  await insert(50, { type: `'noop'`, user_id: `'guest'`, created_at: at });
  await insert(60_000, { type: `'noop'`, user_id: `'here'` });
  const span = { createdFrom: new Date(Date.now() - DAY_MS) };
  const readOf = async (userId: string) => {
    const before = await entriesRead();
    expect(await list({ ...span, userId }, { pageSize: 20 })).toMatchObject({ total: 0, totalRelation: 'exact' });
    return (await entriesRead()) - before;
  };

  // It is seen that they are many, the total takes 2,001 of the user and of the span, the page the latest and then all of the user.
  expect(await readOf('gone')).toBeLessThan(3 * 2_001 + 2_000 + 20_000 + 3_000 + 3_000);
  expect(await readOf('guest')).toBeLessThan(500);
});

test('a list of a span and a user is whole and in order, however far its tasks lie apart', async () => {
  const types = { old: 2_500, middle: 2, young: 5 };
  for (const [type, count] of Object.entries(types)) {
    await insert(count, { type: `'${type}'`, user_id: `'u1'` });
    await insert(25_000, { type: `'noop'`, user_id: `'other'` });
  }
  const filter = { createdFrom: new Date(Date.now() - DAY_MS), userId: 'u1' };
  const ids = (
    await db.sql<{ id: string }>(
      `SELECT task_id AS id FROM tasks WHERE user_id = 'u1' ORDER BY created_at DESC, tasks.id DESC`,
    )
  ).map(({ id }) => id);

  expect(await walk(filter, 200)).toEqual(ids);
  for (const [page, pageSize] of [
    [1, 3],
    [1, 6],
    [2, 5],
    [125, 20],
  ] as const) {
    const { items } = await list(filter, { page, pageSize });
    expect(items.map(({ taskId }) => taskId)).toEqual(ids.slice((page - 1) * pageSize, page * pageSize));
  }
});

/** Columns of tasks that have succeeded, by SQL: when they were created, and when they ended. */
const past = (createdAt: string, finishedAt: string) => ({
  type: `'past'`,
  status: `'success'`,
  created_at: createdAt,
  finished_at: finishedAt,
});

const DAY_AGO = `date_trunc('hour', now()) - interval '1 day'`;

async function idsByCreation(): Promise<string[]> {
  const rows = await db.sql<{ id: string }>(
    `SELECT task_id AS id FROM tasks WHERE type = 'past' ORDER BY created_at DESC, tasks.id DESC`,
  );
  return rows.map(({ id }) => id);
}

test('a list of a span and a type reads the last ones of the type, also when all younger tasks are of another', async () => {
  await insert(8_000, past(`${DAY_AGO} + n * interval '1 s'`, `${DAY_AGO} + (n + 1) * interval '1 s'`));
  await insert(60_000, { type: `'noop'` });
  const filter = { createdFrom: new Date(Date.now() - 2 * DAY_MS), type: 'past' };
  const before = await entriesRead();

  const { items } = await list(filter, { pageSize: 200 });

  expect(items.map(({ taskId }) => taskId)).toEqual((await idsByCreation()).slice(0, 200));
  // It is seen that they are many, and the total takes 2,001 of the span and of the type.
  expect((await entriesRead()) - before).toBeLessThan(3 * 2_001 + 2_000 + 1_000);
});

test('a list of a span and a type is in the order of creation where a long transaction has submitted the last ones', async () => {
  await insert(6_000, past(`${DAY_AGO} + n * interval '1 s'`, `${DAY_AGO} + (n + 1) * interval '1 s'`));
  await insert(2_500, past(`${DAY_AGO} + interval '50 min'`, `${DAY_AGO} + interval '2 h'`));
  const filter = { createdFrom: new Date(Date.now() - 2 * DAY_MS), type: 'past' };
  const ids = await idsByCreation();

  expect((await list(filter, { pageSize: 50 })).items.map(({ taskId }) => taskId)).toEqual(ids.slice(0, 50));
  expect(await walk(filter, 200)).toEqual(ids);
});
