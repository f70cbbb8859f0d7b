import { describe, expect, it } from 'vitest';
import { replica, type OpenStores, withStores } from './scheduling.fixture';

let stores: OpenStores;
withStores((opened) => (stores = opened));

const sql = (text: string) => stores.store.dataSource.query<unknown>(text);

/** What a deployment starts. */
async function deploy(name: string, spec: string, options = {}) {
  const started = replica(stores);
  started.scheduler.addJob(spec, name, { type: 'noop', payload: null, options });
  await started.declare.runOnce();
  return started;
}

describe('the loop that fires', () => {
  it('sleeps until the next schedule is due, at most a second, and says when that is', async () => {
    await sql('DELETE FROM schedules');
    const { fire, metrics } = await deploy('rare', '@yearly');

    await fire.runOnce();
    expect(fire.waitMs()).toBe(1_000);

    await sql(`UPDATE schedules SET next_run_at = now() + interval '300 ms', next_slot_at = now()`);
    await fire.runOnce();
    expect(fire.waitMs()).toBeGreaterThan(0);
    expect(fire.waitMs()).toBeLessThanOrEqual(300);
    expect(await metrics.registry.metrics()).toMatch(/millrace_scheduler_next_due_timestamp_seconds 1\.?\d+/);
  });

  it('counts what it fired, how late, and what was missed', async () => {
    await sql('DELETE FROM schedules');
    const { fire, metrics, scheduler } = await deploy('counted', '@daily', { misfire: 'once', misfireWindow: '365d' });
    await sql(
      `UPDATE schedules SET next_slot_at = next_slot_at - interval '10 days', next_run_at = next_run_at - interval '10 days'`,
    );

    expect(await fire.runOnce()).toEqual({ fired: 1 });

    const text = await metrics.registry.metrics();
    expect(text).toMatch(/millrace_scheduler_last_fired_timestamp_seconds 1\.?\d+/);
    expect(text).toContain('millrace_schedule_slots_total{outcome="submitted"} 1');
    expect(text).toContain('millrace_schedule_lateness_seconds_count 1');
    expect(text).toMatch(/millrace_schedule_missed_total (8|9)/);
    expect(scheduler.stats()).toMatchObject([{ name: 'counted', kind: 'task', runs: 1, failures: 0 }]);
  });

  it('fires all that is due at once, however much it is', async () => {
    await sql('DELETE FROM schedules');
    await sql(`
      INSERT INTO schedules (name, type, cron, next_slot_at, next_run_at)
      SELECT 'due-' || n, 'noop', '{@hourly}', date_trunc('hour', now()), date_trunc('hour', now()) FROM generate_series(1, 1700) n`);
    await sql(`UPDATE schedules SET misfire_window_ms = 7200000`);
    const [one, other] = [replica(stores), replica(stores)];

    const counts = await Promise.all([one.fire.runOnce(), other.fire.runOnce()]);

    expect(counts.map(({ fired = 0 }) => fired).reduce((sum, fired) => sum + fired)).toBe(1_700);
    expect(
      await sql(
        'SELECT count(DISTINCT schedule_id)::integer AS n FROM schedule_slots s JOIN schedules c ON c.id = s.schedule_id',
      ),
    ).toEqual([{ n: 1_700 }]);
  });
});
