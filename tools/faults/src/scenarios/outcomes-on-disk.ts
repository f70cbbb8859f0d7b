import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rowsOf, untilTasks } from '../record';
import type { Scenario, ScenarioContext } from '../scenario';
import type { Testbed } from '../testbed';
import { steadyWork } from '../workload';

const LEASE_MS = 3_000;
/** Outcomes that a worker keeps in memory: far fewer than end in the outage. */
const BUFFER = 5;
const SLOTS = 60;

/** What runs when the outage begins has ended after so long, and a little later it is on disk. */
const LONGEST_WORK_MS = 4_000;
const ON_DISK_MS = LONGEST_WORK_MS + 6_000;

/** After the outage nobody looks into the folder for longer than it takes to call a worker lost. */
const UNATTENDED_MS = 4 * LEASE_MS;

/** An outcome on disk, as the worker wrote it. */
interface Spilled {
  readonly taskId: string;
  readonly attempt: number;
}

export const outcomesOnDisk: Scenario = {
  row: '12',
  name: 'outcomes-on-disk',
  promise:
    'Work ends while PostgreSQL is away, more than the memory of the worker takes, and the worker is killed: what was on disk is recorded, not done again.',
  testbed: { workers: 1, slots: SLOTS, leaseMs: LEASE_MS, workerEnv: { WORKER_OUTCOME_BUFFER: String(BUFFER) } },
  long: { cycles: 10, tasks: 600 },
  async run(context) {
    const { load, cycles, tasks, say } = context;
    let onDisk = 0;
    let again = 0;
    let fewest = Infinity;
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      await load.submit(Math.ceil(tasks / cycles), { workload: steadyWork(500, LONGEST_WORK_MS) });
      const spilled = await killedInOutage(context, cycle);
      fewest = Math.min(fewest, spilled.length);
      onDisk += spilled.length;
      again += await runAgain(context.testbed, spilled);
      say(`cycle ${cycle} of ${cycles}, ${onDisk} outcomes were on disk`);
    }
    return {
      measures: { onDisk, fewestOnDisk: fewest, again },
      complaints: [
        ...(fewest <= BUFFER ? [`only ${fewest} outcomes were on disk as the worker was killed`] : []),
        ...(again > 0 ? [`${again} tasks ran again although their outcomes were on disk`] : []),
      ],
    };
  },
};

/** Takes PostgreSQL away while tasks run, kills the worker when their outcomes are on disk, and tells which were. */
async function killedInOutage({ testbed, nemesis }: ScenarioContext, cycle: number): Promise<readonly Spilled[]> {
  const [worker] = testbed.running('worker');
  if (!worker) throw new Error('There is no worker');
  await untilTasks(testbed, SLOTS / 3, `status = 'processing'`);
  const signal = cycle % 2 === 1 ? 'SIGKILL' : 'SIGSTOP';
  nemesis.note(`${signal} postgres`);
  await testbed.postgres.kill(signal);
  await sleep(ON_DISK_MS);
  await nemesis.kill(worker);
  const spilled = readSpilled(join(testbed.folder, 'spill'));

  nemesis.note(`${spilled.length} outcomes are on disk; postgres comes back`);
  if (signal === 'SIGSTOP') await testbed.postgres.kill('SIGCONT');
  else await testbed.postgres.restart();
  await sleep(UNATTENDED_MS);
  await testbed.fillUp();
  const recorded = spilled.map(({ taskId }) => `'${taskId}'`).join(',');
  if (recorded) await untilTasks(testbed, spilled.length, `status = 'success' AND task_id IN (${recorded})`);
  return spilled;
}

function readSpilled(folder: string): Spilled[] {
  const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  return lines
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { record: Spilled }).record)
    .map(({ taskId, attempt }) => ({ taskId, attempt }));
}

/** How many of them the record has with another attempt than the one whose outcome was on disk. */
async function runAgain(testbed: Testbed, spilled: readonly Spilled[]): Promise<number> {
  const attempts = new Map(spilled.map(({ taskId, attempt }) => [taskId, attempt]));
  const rows = await rowsOf<{ task_id: string; attempt: number }>(testbed, 'SELECT task_id, attempt FROM tasks');
  return rows.filter(({ task_id: taskId, attempt }) => (attempts.get(taskId) ?? attempt) !== attempt).length;
}
