import { describe, expect, it } from 'vitest';
import { attempt, evidence, row, rulesOf } from './evidence.fixture';
import { countFunctions } from './function-rules';
import type {
  AttemptRecord,
  Evidence,
  FaultLine,
  FunctionLine,
  FunctionTaskRecord,
  SlotRecord,
  WatchLine,
} from './records';

const SCHEDULE = 'report';
const [ONE, TWO, THREE] = [1_000_000, 1_001_000, 1_002_000] as const;
/** The function's processes. */
const [A, B]: readonly [number, number] = [201, 202];
const LEASE_MS = 4_000;

const at = (ms: number) => ({ mono: ms, wall: ms });
const watch = (overlap: 'skip' | 'queue_all' = 'skip'): WatchLine => ({
  ...{ kind: 'watch', schedule: SCHEDULE, every_ms: 1_000, from: ONE, to: THREE, ...at(0) },
  exclusive: { overlap, lease_ms: LEASE_MS },
});

const about = (slot_at: number, pid: number = A) => ({
  schedule: SCHEDULE,
  slot_at,
  run: `run-${slot_at}-${pid}`,
  pid,
});
const begin = (slot: number, { pid = A, ms = slot + 10 } = {}): FunctionLine => ({
  ...{ kind: 'begin', ...about(slot, pid), ...at(ms) },
});
interface Ending {
  readonly pid?: number;
  readonly ms?: number;
  readonly how?: 'returned' | 'threw' | 'aborted';
}
const end = (slot: number, { pid = A, ms = slot + 200, how = 'returned' }: Ending = {}): FunctionLine => ({
  ...{ kind: 'end', how, ...about(slot, pid), ...at(ms) },
});

const taskOf = (slot_at: number, changes: Partial<FunctionTaskRecord> = {}): FunctionTaskRecord => ({
  ...{ schedule: SCHEDULE, slot_at, task_id: `t${slot_at}`, status: 'success', error_code: null },
  ...{ worker_id: `scheduler-host:${A}:uuid`, started_at: slot_at + 5, finished_at: slot_at + 210 },
  result: { run: `run-${slot_at}-${A}` },
  ...changes,
});
const slotOf = (slot_at: number, changes: Partial<SlotRecord> = {}): SlotRecord => ({
  ...{ schedule: SCHEDULE, slot_at, outcome: 'submitted', task_id: `t${slot_at}`, late_ms: 8, decided_at: slot_at + 4 },
  ...changes,
});

const SLOTS = [ONE, TWO, THREE];
const record = (tasks: readonly FunctionTaskRecord[], slots: readonly SlotRecord[]): Partial<Evidence> => ({
  slots,
  slotTasks: tasks.map(({ schedule, slot_at, task_id }) => ({ schedule, slot_at, task_id })),
  functionTasks: tasks,
  tasks: [
    row('a'),
    ...tasks.map(({ task_id, status, error_code }) => {
      const type = `scheduled:${SCHEDULE}`;
      return row(task_id, { type, status, error_code, scheduled: true, max_retry: 0 });
    }),
  ],
  ...{ counted: {}, stats: [{}] },
});

/** A function that ran at each slot and succeeded; each test breaks one thing. */
const kept = (changes: Partial<Evidence> = {}): Evidence =>
  evidence({
    watches: [watch()],
    functions: SLOTS.flatMap((slot) => [begin(slot), end(slot)]),
    ...record(
      SLOTS.map((slot) => taskOf(slot)),
      SLOTS.map((slot) => slotOf(slot)),
    ),
    ...changes,
  });

const GIVEN_UP_AT = ONE + 8_100;
const fault = (ms: number, changes: Partial<FaultLine>): FaultLine => ({
  ...{ kind: 'fault', what: 'a deed', harmed: [], ...at(ms) },
  ...changes,
});
const lost: AttemptRecord = { ...attempt(`t${ONE}`, 1, 'lost'), worker_id: `scheduler-host:${A}:uuid` };

/** The first run's process was killed in the middle of it; the slots until it was given up were skipped. */
const killed = (changes: Partial<Evidence> = {}): Evidence => {
  const dead = taskOf(ONE, { status: 'failed', error_code: 'worker_crashed', finished_at: GIVEN_UP_AT, result: null });
  const skipped = { outcome: 'skipped', task_id: null };
  return kept({
    functions: [begin(ONE)],
    ...record([dead], [slotOf(ONE), slotOf(TWO, skipped), slotOf(THREE, skipped)]),
    attempts: [lost],
    faults: [fault(ONE + 100, { harmed: [A] })],
    ...changes,
  });
};

describe('an exclusive function', () => {
  it('is well when each slot has a run that is recorded as it was, or throws', () => {
    expect(rulesOf(kept())).toEqual([]);
    const threw = taskOf(THREE, { status: 'failed', error_code: 'handler_error', result: null });
    const functions = [begin(ONE), end(ONE), begin(TWO), end(TWO), begin(THREE), end(THREE, { how: 'threw' })];
    const tasks = [taskOf(ONE), taskOf(TWO), threw];
    expect(
      rulesOf(
        kept({
          functions,
          ...record(
            tasks,
            SLOTS.map((slot) => slotOf(slot)),
          ),
        }),
      ),
    ).toEqual([]);
    expect(countFunctions(kept())).toEqual({ runs: 3, givenUp: 0, skipped: 0, longestGivenUpMs: 0 });
  });

  it('may not begin before the run before it has ended, or was given up', () => {
    const functions = [begin(ONE), end(ONE, { ms: TWO + 50 }), begin(TWO), end(TWO), begin(THREE), end(THREE)];
    const tasks = [taskOf(ONE, { finished_at: TWO + 60 }), taskOf(TWO), taskOf(THREE)];
    const slots = SLOTS.map((slot) => slotOf(slot));

    expect(rulesOf(kept({ functions, ...record(tasks, slots) }))).toEqual(['one at a time']);
  });

  it('runs a slot once, and no slot that has no task', () => {
    const again = [begin(THREE, { pid: B, ms: THREE + 300 }), end(THREE, { pid: B, ms: THREE + 400 })];
    expect(rulesOf(kept({ functions: [...kept().functions, ...again] }))).toContain('no slot doubled');
    const without = record([taskOf(ONE), taskOf(TWO)], [slotOf(ONE), slotOf(TWO)]);
    expect(rulesOf(kept(without))).toEqual(['no slot missed', 'recorded as it ran']);
  });

  it.each([
    ['another process', { worker_id: `scheduler-host:${B}:uuid` }],
    ['a start after it began', { started_at: TWO + 100 }],
    ['an end before it ended', { finished_at: TWO + 100 }],
    ['the result of another run', { result: { run: 'another' } }],
    ['a failure', { status: 'failed', error_code: 'handler_error', result: null }],
    ['a crash that nobody saw', { status: 'failed', error_code: 'worker_crashed', result: null }],
  ])('may not be recorded with %s', (_, changes) => {
    const tasks = [taskOf(ONE), taskOf(TWO, changes), taskOf(THREE)];
    const slots = SLOTS.map((slot) => slotOf(slot));

    expect(rulesOf(kept(record(tasks, slots)))).toEqual(['recorded as it ran']);
  });

  it('never ran: a watch that proves nothing', () => {
    expect(rulesOf(kept({ functions: [], ...record([], []) }))).toContain('recorded as it ran');
  });

  it('skips slots only for a run, and none when they are to wait', () => {
    const skipped = slotOf(THREE, { outcome: 'skipped', task_id: null });
    const functions = [begin(ONE), end(ONE), begin(TWO), end(TWO)];
    const idle = record(
      [taskOf(ONE), taskOf(TWO)],
      [slotOf(ONE), slotOf(TWO), { ...skipped, decided_at: THREE + 900 }],
    );
    expect(rulesOf(kept({ functions, ...idle }))).toEqual(['skipped for a run']);

    const long = [begin(ONE), end(ONE), begin(TWO), end(TWO, { ms: THREE + 500 })];
    const tasks = [taskOf(ONE), taskOf(TWO, { finished_at: THREE + 510 })];
    const busy = { functions: long, ...record(tasks, [slotOf(ONE), slotOf(TWO), skipped]) };
    expect(rulesOf(kept(busy))).toEqual([]);
    expect(countFunctions(kept(busy))).toMatchObject({ skipped: 1 });
    expect(rulesOf(kept({ ...busy, watches: [watch('queue_all')] }))).toEqual(['no slot missed']);
  });
});

describe('a run whose process was killed', () => {
  it('is given up after two leases, and the next one runs then', () => {
    expect(rulesOf(killed())).toEqual([]);
    expect(countFunctions(killed())).toEqual({ runs: 1, givenUp: 1, skipped: 2, longestGivenUpMs: 8_000 });
  });

  it('is given up neither much sooner nor much later, and not when nothing was done to it', () => {
    expect(rulesOf(killed({ faults: [fault(ONE + 3_000, { harmed: [A] })] }))).toEqual(['given up in time']);
    expect(rulesOf(killed({ faults: [fault(ONE - 9_000, { harmed: [A] })] }))).toEqual(['given up in time']);
    expect(rulesOf(killed({ faults: [] }))).toEqual(['nobody lost who lives']);
  });

  it('keeps others from running until then', () => {
    const functions = (ms: number) => [begin(ONE), begin(TWO, { pid: B, ms }), end(TWO, { pid: B, ms: ms + 100 })];
    const run = { worker_id: `scheduler-host:${B}:uuid`, result: { run: `run-${TWO}-${B}` } };
    const after = (ms: number) => {
      const task = taskOf(TWO, { ...run, started_at: ms - 5, finished_at: ms + 110 });
      const dead = taskOf(ONE, { status: 'failed', error_code: 'worker_crashed', finished_at: GIVEN_UP_AT });
      const skipped = slotOf(THREE, { outcome: 'skipped', task_id: null });
      return killed({ functions: functions(ms), ...record([dead, task], [slotOf(ONE), slotOf(TWO), skipped]) });
    };

    expect(rulesOf(after(GIVEN_UP_AT + 10))).toEqual([]);
    expect(rulesOf(after(GIVEN_UP_AT - 500))).toEqual(['one at a time']);
  });
});

describe('a run whose process goes on after it was given up', () => {
  const resumed = fault(ONE + 12_000, { resumed: [A] });
  const stopped = [fault(ONE + 100, { harmed: [A] }), resumed];

  it('is told soon', () => {
    const ends = (ms: number) => [begin(ONE), end(ONE, { ms, how: 'aborted' })];
    expect(rulesOf(killed({ faults: stopped, functions: ends(resumed.mono + 1_900) }))).toEqual([]);
    expect(rulesOf(killed({ faults: stopped, functions: ends(resumed.mono + 4_900) }))).toEqual(['told in time']);
    expect(rulesOf(killed({ faults: stopped }))).toEqual(['told in time']);
  });

  it('need not end when its process is killed then', () => {
    const faults = [...stopped, fault(resumed.mono + 700, { harmed: [A] })];
    expect(rulesOf(killed({ faults }))).toEqual([]);
  });
});
