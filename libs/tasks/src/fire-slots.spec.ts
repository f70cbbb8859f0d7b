import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FiredSlot } from './fire-slots';
import type { ScheduleInput } from './schedule-input';
import { firing, minute, testSchedules, type TestSchedules } from './schedules.fixture';

const BY_TEST = { reason: null, actor: 'test' };

let t: TestSchedules;
beforeAll(async () => {
  t = await testSchedules();
});
beforeEach(async () => {
  await t.store.schedules.pause({}, { reason: 'not of this test', actor: 'test' });
});
afterAll(() => t.close());

/** Fires everything that is due. */
async function fireAll() {
  const declared = firing();
  const slots: FiredSlot[] = [];
  for (let report = await t.fire.fireDue(declared); report.schedules > 0; report = await t.fire.fireDue(declared)) {
    slots.push(...report.slots);
  }
  return slots;
}

/** Makes the slot of this minute due, once more. */
const comesDue = async (name: string, offset: number) => {
  const slotAt = await minute(t, offset);
  const { id } = await t.find(name);
  await t.store.schedules.transaction((manager) =>
    t.store.schedules.advance(
      [{ scheduleId: id, next: { slotAt, runAt: slotAt }, lastRunAt: null, runs: 0, missed: 0, pauseReason: null }],
      manager,
    ),
  );
};

describe('a schedule that is due', () => {
  it('submits its task with the slot, on its queue, and goes on with the next slot', async () => {
    const slotAt = await minute(t);
    await t.put(
      'plain',
      { payload: { at: '{{slot.at}}' }, priority: 7, maxRetry: 1, timeout: '5s', queue: 'plain' },
      slotAt,
    );

    const [slot] = await fireAll();

    expect(slot).toMatchObject({ slotAt, outcome: 'submitted' });
    expect(slot?.lateMs).toBeGreaterThanOrEqual(0);
    expect(await t.store.queries.findByTaskId(slot?.taskId ?? '')).toMatchObject({
      payload: { at: slotAt.toISOString() },
      ...{ priority: 7, maxRetry: 1, timeoutMs: 5_000, slotAt, status: 'pending' },
    });
    expect((await t.access.queues.of('plain').depth()).ready).toBe(1);
    const { nextSlotAt, lastRunAt, runCount } = await t.find('plain');
    expect([nextSlotAt?.getTime(), lastRunAt, runCount]).toEqual([slotAt.getTime() + 60_000, slotAt, 1]);
  });

  it('fires each slot once, however many schedulers fire it at the same time', async () => {
    const slotAt = await minute(t);
    for (let n = 0; n < 30; n += 1) await t.put(`many-${n}`, {}, slotAt);

    const slots = (await Promise.all(Array.from({ length: 5 }, () => fireAll()))).flat();

    const names = slots.map(({ schedule }) => schedule.name);
    expect(names.filter((name) => name.startsWith('many-'))).toHaveLength(30);
    expect(new Set(names).size).toBe(names.length);
  });

  it('does not fire a slot again that is recorded already, wherever it stands', async () => {
    const slotAt = await minute(t);
    await t.put('again', { endsAt: new Date(slotAt.getTime() + 1) }, slotAt);
    await fireAll();
    await comesDue('again', 0);

    expect(await fireAll()).toEqual([]);
    expect(await t.runs('again')).toEqual([['submitted', 'pending']]);
  });

  it('makes up for late slots as its misfire policy says, and counts the missed ones', async () => {
    const from = await minute(t, -10);
    await t.put('late-all', { misfire: 'all', misfireLimit: 3 }, from);
    await t.put('late-once', { misfire: 'once' }, from);
    await t.put('late-skip', { misfire: 'skip' }, from);

    const report = await t.fire.fireDue(firing());

    const fired = (name: string) => report.slots.filter(({ schedule }) => schedule.name === name).length;
    // The slot of this minute and perhaps the one before are on time.
    expect(fired('late-skip')).toBeGreaterThanOrEqual(1);
    expect(fired('late-once')).toBe(fired('late-skip') + 1);
    expect(fired('late-all')).toBe(fired('late-skip') + 3);
    expect(report.missed.map(({ schedule }) => schedule).sort()).toEqual(['late-all', 'late-once', 'late-skip']);
    expect((await t.find('late-skip')).missedCount).toBe(11 - fired('late-skip'));
  });

  it('ends after max_runs slots, and fires nothing any more', async () => {
    await t.put('ends', { misfire: 'all', maxRuns: 2 }, await minute(t, -10));

    expect(await fireAll()).toHaveLength(2);
    expect(await t.find('ends')).toMatchObject({ nextSlotAt: null, runCount: 2 });
  });

  it('fires once at its instant', async () => {
    const at = await minute(t);
    await t.put('once', { at }, at);

    expect(await fireAll()).toMatchObject([{ slotAt: at }]);
    expect((await t.find('once')).nextSlotAt).toBeNull();
  });

  it('records a slot as refused when its payload cannot be submitted, and goes on', async () => {
    const big = '{{schedule.name}}'.repeat(15_000);
    await t.put('r'.repeat(120), { payload: big }, await minute(t));

    expect(await fireAll()).toMatchObject([
      { outcome: 'refused', reason: expect.stringContaining('payload') as string },
    ]);
    expect(await t.runs('r'.repeat(120))).toEqual([['refused', null]]);
    expect((await t.find('r'.repeat(120))).nextSlotAt).not.toBeNull();
  });
});

describe('slots that come due while a run is unfinished', () => {
  /** Three slots of a schedule of every second are due. */
  const seconds = async (name: string, input: Partial<ScheduleInput>) => {
    const nowMs = (await t.store.schedules.now()).getTime();
    const firstMs = Math.floor(nowMs / 1_000) * 1_000 - 2_000;
    await t.put(name, { every: '1s', endsAt: new Date(firstMs + 2_001), ...input }, new Date(firstMs));
    await t.fire.fireDue(firing());
    await t.store.schedules.pause({ name }, { reason: null, actor: 'test' });
    return (await t.runs(name)).slice(0, 3).map(([outcome]) => outcome);
  };

  it.each([
    ['allow', ['submitted', 'submitted', 'submitted']],
    ['skip', ['submitted', 'skipped', 'skipped']],
    ['queue_one', ['submitted', 'waiting', 'skipped']],
    ['queue_all', ['submitted', 'waiting', 'waiting']],
    ['cancel_running', ['submitted', 'skipped', 'waiting']],
  ] as const)('under %s become %j', async (overlap, outcomes) => {
    const slots = await seconds(`overlap-${overlap}`, { overlap });

    expect(slots).toEqual(outcomes);
  });

  it('run one after the other when they queue', async () => {
    await seconds('queue', { overlap: 'queue_all', maxRuns: 3 });
    await t.control.resume('queue', BY_TEST);

    expect(await t.fire.releaseWaiting(firing())).toEqual([]);
    for (let run = 1; run <= 2; run += 1) {
      await t.work('queue', 'success');
      const released = await Promise.all([t.fire.releaseWaiting(firing()), t.fire.releaseWaiting(firing())]);
      expect(released.flat()).toHaveLength(1);
    }

    await t.work('queue', 'success');
    expect(await t.fire.releaseWaiting(firing())).toEqual([]);
    expect(await t.runs('queue')).toEqual(Array.from({ length: 3 }, () => ['submitted', 'success']));
    const { id, lastRunAt } = await t.find('queue');
    expect(lastRunAt).toEqual((await t.store.schedules.runs(id, { limit: 1 }))[0]?.slotAt);
  });

  it('cancel the run under way, and start when it has ended', async () => {
    await seconds('cancel', { overlap: 'cancel_running', maxRuns: 2, every: '1s' });
    await t.control.resume('cancel', BY_TEST);

    expect(await t.fire.cancelReplaced()).toBe(1);
    expect(await t.fire.releaseWaiting(firing())).toHaveLength(1);

    expect((await t.runs('cancel')).filter(([outcome]) => outcome === 'submitted')).toEqual([
      ['submitted', 'cancelled'],
      ['submitted', 'pending'],
    ]);
  });
});

describe('a schedule that fails', () => {
  it('is paused after so many failures in a row, and gets a new chance when it is resumed', async () => {
    await t.put('fails', { pauseAfterFailures: 2, misfire: 'all' }, await minute(t, -2));
    await t.fire.fireDue(firing());
    await t.work('fails', 'failed');
    await comesDue('fails', 0);

    const report = await t.fire.fireDue(firing());

    expect(report.paused).toEqual([{ schedule: 'fails', reason: 'its last 2 runs failed' }]);
    expect(await t.find('fails')).toMatchObject({ paused: true, pauseReason: 'its last 2 runs failed' });
    await t.control.resume('fails', BY_TEST);
    await comesDue('fails', 0);
    expect((await t.fire.fireDue(firing())).paused).toEqual([]);
  });
});

describe('a schedule whose rule cannot be read', () => {
  it.each([
    [`timezone = 'Mars/Base'`, 'timezone must be an IANA time zone'],
    [`cron = '{"61 * * * *"}'`, 'cron[0] the minute takes 0-59'],
  ])('is paused with the reason, and the others fire: %s', async (edit, reason) => {
    const slotAt = await minute(t);
    const name = `unreadable-${edit.slice(0, 4)}`;
    await t.put(name, {}, slotAt);
    await t.put(`beside-${edit.slice(0, 4)}`, {}, slotAt);
    await t.store.dataSource.query(`UPDATE schedules SET ${edit} WHERE name = '${name}'`);

    const report = await t.fire.fireDue(firing());

    expect(report.slots).toMatchObject([{ schedule: { name: `beside-${edit.slice(0, 4)}` }, outcome: 'submitted' }]);
    expect(report.paused).toMatchObject([{ schedule: name, reason: expect.stringContaining(reason) as string }]);
    expect(await t.find(name)).toMatchObject({ paused: true, nextSlotAt: slotAt });
    expect((await t.fire.fireDue(firing())).schedules).toBe(0);
  });
});

describe('a schedule of code', () => {
  it('is fired by schedulers that have the code, with what the code makes for the slot', async () => {
    const slotAt = await minute(t);
    await t.put('coded', {}, slotAt);
    await t.store.dataSource.query(`UPDATE schedules SET source = 'code', declared_by = 'test' WHERE name = 'coded'`);
    const declared = firing(
      new Map([['coded', (at: Date) => ({ type: 'made', payload: at.toISOString(), options: { priority: 3 } })]]),
    );

    expect((await t.fire.fireDue(firing())).schedules).toBe(0);
    const { slots } = await t.fire.fireDue(declared);

    expect(await t.store.queries.findByTaskId(slots[0]?.taskId ?? '')).toMatchObject({
      type: 'made',
      payload: slotAt.toISOString(),
      priority: 3,
    });
  });

  it('records the slot as refused when the code throws', async () => {
    await t.put('throws', {}, await minute(t));
    await t.store.dataSource.query(`UPDATE schedules SET source = 'code', declared_by = 'test' WHERE name = 'throws'`);
    const declared = firing(new Map([['throws', () => Promise.reject(new Error('no report today'))]]));

    expect((await t.fire.fireDue(declared)).slots).toMatchObject([{ outcome: 'refused', reason: 'no report today' }]);
  });
});
