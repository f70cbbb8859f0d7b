import { expect, it } from 'vitest';
import { AT, evidence, rulesOf } from './evidence.fixture';
import type { Evidence, SlotRecord, SlotTaskRecord, WatchLine } from './records';
import { countSlots } from './slot-rules';

const SCHEDULE = 'tick';
const watch: WatchLine = { kind: 'watch', schedule: SCHEDULE, every_ms: 1_000, from: 999_500, to: 1_003_000, ...AT };
const slot = (slot_at: number, changes: Partial<SlotRecord> = {}): SlotRecord => ({
  ...{
    schedule: SCHEDULE,
    slot_at,
    outcome: 'submitted',
    task_id: `t${slot_at}`,
    late_ms: slot_at % 7,
    decided_at: slot_at,
  },
  ...changes,
});
const task = (slot_at: number, task_id = `t${slot_at}`): SlotTaskRecord => ({ schedule: SCHEDULE, slot_at, task_id });

const MOMENTS = [1_000_000, 1_001_000, 1_002_000, 1_003_000];
const served = (changes: Partial<Evidence> = {}): Evidence =>
  evidence({
    watches: [watch],
    slots: MOMENTS.map((moment) => slot(moment)),
    slotTasks: MOMENTS.map((moment) => task(moment)),
    ...changes,
  });

it('holds when each moment has one row and one task, whatever was before, after, or of other schedules', () => {
  const others = [slot(998_000), slot(1_004_000), slot(1_000_500, { schedule: 'another' })];
  const evidence = served({ slots: [...MOMENTS.map((moment) => slot(moment)), ...others] });

  expect(rulesOf(evidence)).toEqual([]);
  expect(countSlots(evidence)).toMatchObject({ expected: 4, missed: 0, doubled: 0 });
});

it('finds a slot without a row or a task, and one that was skipped, at the ends too', () => {
  expect(rulesOf(served({ slots: MOMENTS.slice(1).map((moment) => slot(moment)) }))).toEqual(['no slot missed']);
  expect(rulesOf(served({ slotTasks: MOMENTS.slice(0, 3).map((moment) => task(moment)) }))).toEqual(['no slot missed']);
  const skipped = MOMENTS.map((moment) => slot(moment, { outcome: 'skipped', task_id: null }));
  expect(countSlots(served({ slots: skipped, slotTasks: [] }))).toMatchObject({ missed: 4 });
});

it('finds a watch that proves nothing', () => {
  expect(rulesOf(served({ watches: [{ ...watch, from: 1_003_500, to: 1_003_900 }] }))).toEqual(['no slot missed']);
});

it('finds a slot with two rows or two tasks, also when another one is missed', () => {
  const twice = [...MOMENTS.map((moment) => task(moment)), task(1_001_000, 'again')];
  expect(rulesOf(served({ slotTasks: twice }))).toEqual(['no slot doubled']);
  expect(countSlots(served({ slotTasks: twice.slice(1) }))).toMatchObject({ missed: 1, doubled: 1 });
  expect(rulesOf(served({ slots: [...MOMENTS, 1_002_000].map((moment) => slot(moment)) }))).toEqual([
    'no slot doubled',
  ]);
});

it('finds a task of a moment that is no slot, and a row that names another task', () => {
  const between = { slots: [...served().slots, slot(1_000_400)], slotTasks: [...served().slotTasks, task(1_000_400)] };
  expect(rulesOf(served(between))).toEqual(['no slot made up']);
  const changed = MOMENTS.map((moment, at) => task(moment, at === 2 ? 'other' : undefined));
  expect(rulesOf(served({ slotTasks: changed }))).toEqual(['no slot doubled']);
});
