import { afterAll, beforeAll, expect, test } from 'vitest';
import { newSchedule, testStore, type TestStore } from './store.fixture';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

test('the few skipped slots of a schedule are found without reading the many submitted ones', async () => {
  const put = await db.store.schedules.put({
    ...{ name: 'busy', definition: newSchedule(), next: null, actor: 'ann', source: 'api', mode: 'create' },
  });
  if (!('schedule' in put)) throw new Error(put.kind);
  const { id } = put.schedule;
  await db.sql(`
    INSERT INTO schedule_slots (schedule_id, slot_at, outcome, task_id)
    SELECT ${id}, timestamptz '2026-01-01' + n * interval '1 s', CASE WHEN n % 5000 = 0 THEN 'skipped' ELSE 'submitted' END,
      CASE WHEN n % 5000 <> 0 THEN 'task-' || n END FROM generate_series(1, 20000) AS n`);
  await db.sql('VACUUM (ANALYZE) schedule_slots');

  const runs = await db.store.schedules.runs(id, { outcome: 'skipped', limit: 10 });

  expect(runs.map(({ slotAt }) => slotAt.toISOString().slice(11, 19))).toEqual([
    '05:33:20',
    '04:10:00',
    '02:46:40',
    '01:23:20',
  ]);
  await expect.poll(scansOfRare, { timeout: 10_000 }).toBe(1);
});

/** How often the index of the rare outcomes was read. */
async function scansOfRare(): Promise<number | undefined> {
  await db.store.dataSource.query('SELECT pg_stat_force_next_flush()');
  await db.store.dataSource.query('SELECT 1');
  const [row] = await db.sql<{ n: number }>(
    `SELECT idx_scan::integer AS n FROM pg_stat_user_indexes WHERE indexrelname = 'schedule_slots_rare'`,
  );
  return row?.n;
}
