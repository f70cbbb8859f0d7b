import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScheduleNotFound } from './schedule-errors';
import { firing, testSchedules, type TestSchedules } from './schedules.fixture';

let t: TestSchedules;
beforeAll(async () => {
  t = await testSchedules();
});
afterAll(() => t.close());

const FAR = new Date('2126-01-01T00:00:00Z');

describe('a run now', () => {
  it('submits a task beside the clock’s, under the overlap policy, and is noted', async () => {
    await t.put('now', { overlap: 'skip', payload: { at: '{{slot.at}}' } }, FAR);
    await t.control.pause('now', { reason: null, actor: 'ann' });

    const first = await t.control.trigger('now', 'ann');
    const second = await t.control.trigger('now', 'ann');

    expect(first).toMatchObject({ outcome: 'submitted' });
    expect(second).toMatchObject({ outcome: 'skipped', taskId: null });
    const task = await t.store.queries.findByTaskId(first.taskId ?? '');
    expect(task).toMatchObject({ payload: { at: first.slotAt.toISOString() }, slotAt: first.slotAt });
    expect(await t.find('now')).toMatchObject({ nextSlotAt: FAR, runCount: 0 });
    const [note] = await t.store.schedules.auditOf('now', { limit: 1 });
    expect(note).toMatchObject({ actor: 'ann', action: 'trigger_schedule', detail: { outcome: 'skipped' } });
    await expect(t.control.trigger('nobody', 'ann')).rejects.toThrow(ScheduleNotFound);
  });

  it('is given to each who asks in the same instant', async () => {
    await t.put('together', {}, FAR);

    const slots = await Promise.all(Array.from({ length: 20 }, () => t.control.trigger('together', 'ann')));

    expect(new Set(slots.map(({ slotAt }) => slotAt.getTime())).size).toBe(20);
    expect(slots.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 20 }, () => 'submitted'));
  });

  it('of a schedule of code is left to the schedulers, also while another run is unfinished', async () => {
    await t.put('code-now', {}, FAR);
    await t.store.dataSource.query(
      `UPDATE schedules SET source = 'code', declared_by = 'test' WHERE name = 'code-now'`,
    );
    const declared = firing(new Map([['code-now', () => ({ type: 'noop', payload: 'made' })]]));

    for (let run = 1; run <= 2; run += 1) {
      expect(await t.control.trigger('code-now', 'ann')).toMatchObject({ outcome: 'waiting' });
      expect(await t.fire.releaseWaiting(firing())).toEqual([]);
      expect(await t.fire.releaseWaiting(declared)).toMatchObject([{ outcome: 'submitted' }]);
    }
  });
});

describe('a backfill', () => {
  const hour = (n: number) => new Date(Date.UTC(2026, 0, 1, n));

  it('submits the slots of a past range that nobody decided about, once', async () => {
    await t.put('fill', { cron: '@hourly' }, FAR);
    const range = { name: 'fill', from: hour(0), to: hour(3), actor: 'ann' };

    expect(await t.control.previewBackfill(range)).toEqual([hour(0), hour(1), hour(2)]);
    expect(await t.control.backfill(range)).toHaveLength(3);

    expect(await t.control.previewBackfill({ ...range, to: hour(5) })).toEqual([hour(3), hour(4)]);
    expect(await t.control.backfill(range)).toEqual([]);
    expect(await t.runs('fill')).toEqual(Array.from({ length: 3 }, () => ['submitted', 'pending']));
  });

  it('runs one after the other when runs must not overlap', async () => {
    await t.put('fill-one', { cron: '@hourly', overlap: 'skip' }, FAR);

    await t.control.backfill({ name: 'fill-one', from: hour(0), to: hour(3), actor: 'ann' });

    expect((await t.runs('fill-one')).map(([outcome]) => outcome)).toEqual(['submitted', 'waiting', 'waiting']);
  });

  it('is refused for a range that is empty, ahead, or too long', async () => {
    await t.put('fill-bad', { every: '1s' }, FAR);
    const fill = (from: Date, to: Date) => t.control.previewBackfill({ name: 'fill-bad', from, to });

    await expect(fill(hour(1), hour(1))).rejects.toThrow('from must be before to');
    await expect(fill(hour(1), FAR)).rejects.toThrow('to must not be ahead of now');
    await expect(fill(hour(1), hour(2))).rejects.toThrow('more than 1000 slots');
  });
});
