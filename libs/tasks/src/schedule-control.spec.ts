import { InvalidSchedule } from '@millrace/schedules';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScheduleNameTaken, ScheduleNotFound, ScheduleVersionMismatch } from './schedule-errors';
import type { ScheduleInput } from './schedule-input';
import { testSchedules, type TestSchedules } from './schedules.fixture';

let t: TestSchedules;
beforeAll(async () => {
  t = await testSchedules();
});
afterAll(() => t.close());

const HOURLY: ScheduleInput = { cron: '@hourly', type: 'noop', payload: {} };
const put = (name: string, input: Partial<ScheduleInput> = {}, changes: object = {}) =>
  t.control.put({ name, input: { ...HOURLY, ...input }, actor: 'ann', source: 'api', mode: 'any', ...changes });

describe('a schedule that is put', () => {
  it('has every default, and its next slot by the time of the database', async () => {
    const { kind, schedule } = await put('defaults', { jitter: '1m' });

    expect(kind).toBe('created');
    expect(schedule).toMatchObject({
      ...{ misfire: 'once', misfireWindowMs: 86_400_000, misfireLimit: 100, overlap: 'allow', timezone: 'UTC' },
      ...{ priority: 0, maxRetry: null, queue: null, jitterMs: 60_000, paused: false, version: 1 },
    });
    const now = (await t.store.schedules.now()).getTime();
    expect(schedule.nextSlotAt?.getTime()).toBe((Math.floor(now / 3_600_000) + 1) * 3_600_000);
    const jitter = (schedule.nextRunAt?.getTime() ?? 0) - (schedule.nextSlotAt?.getTime() ?? 0);
    expect(jitter).toBeGreaterThanOrEqual(0);
    expect(jitter).toBeLessThanOrEqual(60_000);
  });

  it('is refused with every fault, named as in REST', async () => {
    const bad = put('a b', {
      ...{ cron: '0 25 * * *', timezone: 'Mars', type: '', payload: { x: '{{slot.nothing}}' } },
      ...{ priority: 10, jitter: '2d', misfireLimit: 0, maxRuns: 0.5, pauseAfterFailures: 101 },
      overlap: 'sometimes' as never,
    });

    await expect(bad).rejects.toThrow(InvalidSchedule);
    const { errors } = await bad.then(
      () => new InvalidSchedule([]),
      (error: unknown) => error as InvalidSchedule,
    );
    expect(errors.map(({ field }) => field)).toEqual([
      ...['name', 'type', 'priority', 'misfire_limit', 'overlap', 'jitter', 'max_runs', 'pause_after_failures'],
      ...['payload.x', 'timezone', 'cron'],
    ]);
    expect(errors.at(-1)).toMatchObject({ position: 3 });
    await expect(put('preview')).rejects.toThrow('reserved');
    await expect(put('rebuild', { cron: '@daily', type: 'scheduled:rebuild' })).rejects.toThrow('reserved');
  });

  it('says what is in the way', async () => {
    await put('there');

    await expect(put('there', {}, { mode: 'create' })).rejects.toThrow(ScheduleNameTaken);
    await expect(put('absent', {}, { mode: 'replace' })).rejects.toThrow(ScheduleNotFound);
    await expect(put('there', { priority: 1 }, { version: 7 })).rejects.toThrow(ScheduleVersionMismatch);
    await expect(t.control.remove({ name: 'there', actor: 'ann', version: 7 })).rejects.toThrow(
      ScheduleVersionMismatch,
    );
    await t.control.remove({ name: 'there', actor: 'ann' });
    await expect(t.control.remove({ name: 'there', actor: 'ann' })).rejects.toThrow(ScheduleNotFound);
  });

  it('is changed in the caller’s transaction or not at all', async () => {
    const failing = t.store.schedules.transaction(async (manager) => {
      await t.control.put({ name: 'undone', input: HOURLY, actor: 'ann', source: 'api', mode: 'any' }, manager);
      throw new Error('something else failed');
    });

    await expect(failing).rejects.toThrow('something else failed');
    expect(await t.store.schedules.findByName('undone')).toBeNull();
  });
});

describe('a paused schedule', () => {
  it('goes on with its next slot from now when it is resumed', async () => {
    await t.put('held', { cron: '@hourly' }, new Date('2026-01-01T00:00:00Z'));

    expect(await t.control.pause('held', { reason: 'why', actor: 'ann' })).toMatchObject({
      paused: true,
      pauseReason: 'why',
    });
    expect(await t.control.pause('held', { reason: 'again', actor: 'bob' })).toMatchObject({ pauseReason: 'why' });
    const resumed = await t.control.resume('held', { reason: null, actor: 'ann' });

    expect(resumed).toMatchObject({ paused: false, pauseReason: null });
    expect(resumed.nextSlotAt?.getTime()).toBeGreaterThan((await t.store.schedules.now()).getTime());
    await expect(t.control.resume('nobody', { reason: null, actor: 'ann' })).rejects.toThrow(ScheduleNotFound);
    await expect(t.control.pause('nobody', { reason: null, actor: 'ann' })).rejects.toThrow(ScheduleNotFound);
  });
});
