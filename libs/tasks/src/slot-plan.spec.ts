import fc from 'fast-check';
import { OVERLAP_POLICIES } from '@millrace/contracts';
import { expect, it } from 'vitest';
import { MAX_WAITING_SLOTS, planSlots } from './slot-plan';

const at = (n: number) => new Date(n * 1_000);

it('slots that wait are bounded', () => {
  const slots = Array.from({ length: MAX_WAITING_SLOTS + 2 }, (_, n) => at(n));

  const { slots: planned } = planSlots({ overlap: 'queue_all' }, slots, { unfinished: 1, waiting: 1 });

  expect(planned.filter(({ outcome }) => outcome === 'waiting')).toHaveLength(MAX_WAITING_SLOTS - 1);
  expect(planned.at(-1)).toMatchObject({ outcome: 'skipped', reason: '1000 slots wait already' });
});

it('slots that waited before are given up only under cancel_running', () => {
  const drops = OVERLAP_POLICIES.filter(
    (overlap) => planSlots({ overlap }, [at(1)], { unfinished: 1, waiting: 1 }).dropsWaiting,
  );

  expect(drops).toEqual(['cancel_running']);
});

it('at most one run goes on at a time under every policy but allow', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('skip', 'queue_one', 'queue_all', 'cancel_running'),
      fc.nat({ max: 5 }),
      fc.nat({ max: 2 }),
      fc.nat({ max: 2 }),
      (overlap, count, unfinished, waiting) => {
        const slots = Array.from({ length: count }, (_, n) => at(n));
        const planned = planSlots({ overlap }, slots, { unfinished, waiting }).slots;
        const submitted = planned.filter(({ outcome }) => outcome === 'submitted').length;

        expect(planned.map(({ slotAt }) => slotAt)).toEqual(slots);
        expect(submitted).toBe(count > 0 && unfinished + waiting === 0 ? 1 : 0);
        if (overlap === 'queue_one' || overlap === 'cancel_running') {
          expect(planned.filter(({ outcome }) => outcome === 'waiting').length).toBeLessThanOrEqual(1);
        }
      },
    ),
  );
});
