import { beforeEach, expect, it } from 'vitest';
import { replica, type OpenStores, withStores } from './scheduling.fixture';

const NEXT_S = 4_102_444_800;

let stores: OpenStores;
withStores((opened) => (stores = opened));

const sql = (text: string, parameters: readonly unknown[] = []) =>
  stores.store.dataSource.query<unknown>(text, [...parameters]);

beforeEach(async () => {
  await sql('DELETE FROM schedules');
});

/** Schedules of the api in this order, each with its next slot in the year 2100. */
async function store(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await sql(
      `INSERT INTO schedules (name, type, cron, missed_count, next_slot_at, next_run_at, last_run_at)
       VALUES ($1, 'noop', '{@hourly}', 3, to_timestamp(${NEXT_S}), to_timestamp(${NEXT_S}), to_timestamp(1000))`,
      [name],
    );
  }
}

/** What a scheduler shows of single schedules after a look, without `millrace_schedule_`. */
async function seen({ observe, metrics }: ReturnType<typeof replica>): Promise<string[]> {
  await observe.runOnce();
  const lines = (await metrics.registry.metrics()).split('\n');
  return lines.filter((line) => line.includes('{schedule=')).map((line) => line.replace('millrace_schedule_', ''));
}

it('shows when a schedule runs next and ran last, what it missed, and that it is active', async () => {
  await store('hourly');

  expect(await seen(replica(stores))).toEqual([
    `next_run_timestamp_seconds{schedule="hourly"} ${NEXT_S}`,
    'last_run_timestamp_seconds{schedule="hourly"} 1000',
    'missed_slots{schedule="hourly"} 3',
    'active{schedule="hourly"} 1',
  ]);
});

it('shows no next run of a schedule that is paused, orphaned or over, and nothing of one that is gone', async () => {
  const scheduler = replica(stores);
  await store('paused', 'orphaned', 'over', 'gone');
  await seen(scheduler);
  await sql(`UPDATE schedules SET paused = true WHERE name = 'paused'`);
  await sql(`UPDATE schedules SET source = 'code', orphaned_at = now() WHERE name = 'orphaned'`);
  await sql(`UPDATE schedules SET next_slot_at = NULL, next_run_at = NULL WHERE name = 'over'`);
  await sql(`DELETE FROM schedules WHERE name = 'gone'`);

  const lines = await seen(scheduler);

  expect(lines.filter((line) => line.startsWith('active'))).toEqual([
    'active{schedule="paused"} 0',
    'active{schedule="orphaned"} 0',
    'active{schedule="over"} 0',
  ]);
  expect(lines.filter((line) => line.startsWith('next'))).toEqual([]);
});

it('shows so many and no more, those of its code first and then the oldest', async () => {
  await store('old', 'older', 'young');
  const scheduler = replica(stores, undefined, { metricsLimit: 2 });
  scheduler.scheduler.addJob('@yearly', 'declared', { type: 'noop', payload: null });
  await scheduler.declare.runOnce();

  const lines = await seen(scheduler);

  expect(lines.filter((line) => line.startsWith('active'))).toEqual([
    'active{schedule="declared"} 1',
    'active{schedule="old"} 1',
  ]);
});

it('shows none when told so', async () => {
  await store('hourly');

  expect(await seen(replica(stores, undefined, { metricsLimit: 0 }))).toEqual([]);
});
