import { MISFIRE_POLICIES } from '@millrace/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueAtOf, MAX_COUNTED_MISSES, ON_TIME_MS, planDueSlots, type DueRequest } from './due-slots';
import { jitterOfSlot } from './jitter';
import { nextSlots } from './next-slots';
import { parseSpec } from './schedule-spec';

const HOUR_MS = 3_600_000;

const request = (changes: Partial<DueRequest> = {}): DueRequest => ({
  spec: parseSpec({ cron: '@hourly' }),
  rule: { misfire: 'once', windowMs: 24 * HOUR_MS, limit: 3 },
  name: 'report',
  jitterMs: 0,
  nextSlotAt: new Date('2026-01-01T00:00Z'),
  now: new Date('2026-01-01T00:00:01Z'),
  ...changes,
});

const rule = (misfire: 'skip' | 'once' | 'all', windowMs = 24 * HOUR_MS) => ({ misfire, windowMs, limit: 3 });
const hours = (dates: readonly Date[]) => dates.map((date) => date.toISOString().slice(11, 16));

describe('slots that are due', () => {
  it.each(MISFIRE_POLICIES)('fire up to a minute late under %s', (misfire) => {
    const plan = planDueSlots(request({ rule: rule(misfire), now: new Date('2026-01-01T00:01:00Z') }));

    expect(hours(plan.fire)).toEqual(['00:00']);
    expect(plan).toMatchObject({ missed: 0, nextSlotAt: new Date('2026-01-01T01:00Z') });
  });

  it.each([
    ['skip', [], 6],
    ['once', ['05:00'], 5],
    ['all', ['03:00', '04:00', '05:00'], 3],
  ] as const)('and late fire under %s as %j', (misfire, fire, missed) => {
    const plan = planDueSlots(request({ rule: rule(misfire), now: new Date('2026-01-01T05:30Z') }));

    expect(hours(plan.fire)).toEqual(fire);
    expect(plan).toMatchObject({ missed, nextSlotAt: new Date('2026-01-01T06:00Z') });
  });

  it.each([
    ['once', [], 6],
    ['all', [], 6],
  ] as const)('and later than the window are missed under %s', (misfire, fire, missed) => {
    const plan = planDueSlots(request({ rule: rule(misfire, HOUR_MS / 4), now: new Date('2026-01-01T05:30Z') }));

    expect(hours(plan.fire)).toEqual(fire);
    expect(plan.missed).toBe(missed);
  });

  it('fire all when they are late and on time together', () => {
    const plan = planDueSlots(request({ rule: rule('all'), now: new Date('2026-01-01T02:00:10Z') }));

    expect(hours(plan.fire)).toEqual(['00:00', '01:00', '02:00']);
  });

  it('do not fire before their jitter has passed', () => {
    const jitterMs = 600_000;
    const slotAt = new Date('2026-01-01T00:00Z');
    const dueAt = dueAtOf('report', slotAt, jitterMs);
    const at = (ms: number) => planDueSlots(request({ jitterMs, now: new Date(dueAt.getTime() + ms) }));

    expect(at(-1)).toEqual({ fire: [], missed: 0, nextSlotAt: slotAt });
    expect(at(0).fire).toEqual([slotAt]);
  });

  it('are counted with an end when a schedule of every second stood still for a year', () => {
    const plan = planDueSlots(
      request({ spec: parseSpec({ every: '1s' }), rule: rule('skip'), now: new Date('2027-01-01T00:00Z') }),
    );

    expect(plan.missed).toBe(MAX_COUNTED_MISSES);
    expect(plan.fire).toHaveLength(ON_TIME_MS / 1_000 + 1);
    expect(plan.nextSlotAt).toEqual(new Date('2027-01-01T00:00:01Z'));
  });

  it('are none of a schedule that has ended', () => {
    const spec = parseSpec({ at: new Date('2026-01-01T00:00Z') });

    expect(planDueSlots(request({ spec }))).toEqual({
      fire: [new Date('2026-01-01T00:00Z')],
      missed: 0,
      nextSlotAt: null,
    });
  });

  it('fire once each and are never lost, however the plans fall', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 55_000 }), { minLength: 1, maxLength: 30 }),
        fc.constantFrom(0, 500, 90_000),
        (steps, jitterMs) => {
          const spec = parseSpec({ cron: '*/3 * * * * *' });
          const fired: Date[] = [];
          let nextSlotAt: Date | null = new Date('2026-01-01T00:00Z');
          let nowMs = nextSlotAt.getTime();
          for (const step of steps) {
            nowMs += step;
            const plan = planDueSlots(
              request({
                spec,
                jitterMs,
                rule: rule('skip'),
                nextSlotAt: nextSlotAt ?? new Date(0),
                now: new Date(nowMs),
              }),
            );
            fired.push(...plan.fire);
            nextSlotAt = plan.nextSlotAt;
            expect(plan.missed).toBe(0);
          }

          expect(fired).toEqual(nextSlots(spec, new Date('2025-12-31T23:59:59.999Z'), fired.length));
          expect(nextSlotAt).toEqual(nextSlots(spec, fired.at(-1) ?? new Date('2025-12-31T23:59:59Z'), 1)[0]);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('jitter', () => {
  it('is the same for one slot everywhere, and spread over slots and schedules', () => {
    const at = (minute: number, name = 'report') => jitterOfSlot(name, new Date(minute * 60_000), 10_000);
    const spread = Array.from({ length: 1_000 }, (_, minute) => at(minute));

    expect(at(7)).toBe(at(7));
    expect(at(7)).not.toBe(at(7, 'other'));
    expect(Math.min(...spread)).toBeLessThan(100);
    expect(Math.max(...spread)).toBeGreaterThan(9_900);
    expect(Math.max(...spread)).toBeLessThanOrEqual(10_000);
    expect(jitterOfSlot('report', new Date(0), 0)).toBe(0);
  });
});
