import { join } from 'node:path';
import { eventually } from '@millrace/testing';
import { faketimeLibrary, JumpingClock, withTime } from '../faketime';
import type { Scenario, ScenarioContext } from '../scenario';
import { SlotWatch, TICKING_SCHEDULER } from '../slot-watch';
import type { Service } from '../testbed';
import { underLoad } from '../under-load';

const WORKER_OFFSETS = ['+1h', '-1h', '+3d'] as const;
/** A replica that starts with a wrong clock and keeps it, beside two that have the time and one whose clock jumps. */
const SCHEDULER_OFFSET = '+10y';
/** Each there and back; the largest first, because the short form plays two. */
const JUMPS = ['+1y', '-1y', '+1d', '-1d', '+1h', '-1h'] as const;
const TRUE_TIME = '+0';
/** A replica that was stopped may have taken what is due with it, for ten seconds. */
const PATIENCE_MS = 30_000;

export const clocks: Scenario = {
  row: '19',
  name: 'clocks',
  promise:
    "Workers' and schedulers' clocks are off, and one scheduler's jumps by hours, days and years: leases hold, nothing starts early or is removed, every slot has one task.",
  testbed: { workers: 1 },
  long: { cycles: 24, tasks: 2_400 },
  unavailable: () =>
    faketimeLibrary() ? undefined : 'libfaketime is neither installed nor to be had from the distribution',
  async run(context) {
    const { testbed, nemesis } = context;
    const library = faketimeLibrary() ?? '';
    for (const offset of WORKER_OFFSETS) {
      nemesis.note(`a worker whose clock is ${offset} off`);
      await testbed.add('worker', { env: withTime(library, offset) });
    }
    const clock = new JumpingClock(library, join(testbed.folder, 'clock'));
    const add = (env = {}) => testbed.add('scheduler', { bundle: TICKING_SCHEDULER, env });
    const [jumping, ...others] = await Promise.all([
      add(clock.environment),
      add(),
      add(),
      add(withTime(library, SCHEDULER_OFFSET)),
    ]);
    const watch = await SlotWatch.begin(testbed);
    const stalls: string[] = [];
    const play = async (offset: string) => {
      nemesis.note(`the clock of scheduler ${jumping.process.pid} jumps to ${offset}`);
      clock.set(offset);
      stalls.push(...(await stallsAlone(context, jumping, others)));
    };
    await underLoad(
      context,
      async (cycle) => {
        await play(JUMPS[(cycle - 1) % JUMPS.length] ?? TRUE_TIME);
        await play(TRUE_TIME);
      },
      { overMs: 4_000 },
    );
    const { fired, runs } = await progressOf(jumping);
    const complaints = [...stalls, ...(await watch.end())];
    for (const scheduler of [jumping, ...others]) await nemesis.terminate(scheduler);
    return { measures: { firedByJumping: fired, functionRunsOfJumping: runs }, complaints };
  },
};

/**
 * With the others stopped it is the one with the wrong clock who must fire slots, and it must go on running its functions.
 * Answers what it does not do.
 */
async function stallsAlone(
  { nemesis }: ScenarioContext,
  jumping: Service,
  others: readonly Service[],
): Promise<string[]> {
  for (const other of others) await nemesis.pause(other);
  const before = await progressOf(jumping);
  const goesOn = eventually(async () => {
    const { fired, runs } = await progressOf(jumping);
    if (fired === before.fired) throw new Error('the scheduler whose clock has jumped fires nothing');
    if (runs === before.runs) throw new Error('the scheduler whose clock has jumped runs no function');
  }, PATIENCE_MS);
  const stalls = await goesOn.then(
    () => [],
    (error: unknown) => [String(error)],
  );
  for (const other of others) await nemesis.resume(other);
  return stalls;
}

interface Stats {
  readonly jobs: readonly { readonly name: string; readonly runs: number }[];
  readonly duties: readonly { readonly name: string; readonly totals: Readonly<Record<string, number>> }[];
}

/** How many slots a scheduler has fired, and how often it has run the function that is due every two seconds. */
async function progressOf({ process }: Service): Promise<{ readonly fired: number; readonly runs: number }> {
  const stats = (await (await fetch(`${process.url}/stats`)).json()) as Stats;
  return {
    fired: stats.duties.find(({ name }) => name === 'fire-due')?.totals['fired'] ?? 0,
    runs: stats.jobs.find(({ name }) => name === 'faults-retention')?.runs ?? 0,
  };
}
