import { join } from 'node:path';
import type { FaultPoint } from '@millrace/contracts';
import { eventually } from '@millrace/testing';
import { drained } from '../drained';
import { buildWithFaultPoints, FAULT_BUNDLES } from '../fault-builds';
import { countTasks, rowsOf, untilTasks } from '../record';
import type { Scenario, ScenarioContext } from '../scenario';
import type { Service, ServiceKind } from '../testbed';
import { TICKING_SCHEDULER } from '../slot-watch';
import { steadyWork, type Workload } from '../workload';

interface CrashPoint {
  readonly point: FaultPoint;
  readonly kind: ServiceKind;
  readonly bundle: string;
  /** Which time it is reached the crash happens, at the earliest and at the latest. Default 1 to 4. */
  readonly hits?: readonly [number, number];
  /** Rows that are taken from the worker that died here: those whose handler the record let start. */
  readonly lost: number;
}

const WORKER = { kind: 'worker', bundle: join('tools', 'faults', 'worker', 'main.js') } as const;
const API = { kind: 'api', bundle: join('apps', 'api', 'main.js'), lost: 0 } as const;
const SCHEDULER = { kind: 'scheduler', bundle: join('apps', 'scheduler', 'main.js'), lost: 0 } as const;

const POINTS: readonly CrashPoint[] = [
  { point: 'after_landing', ...WORKER, lost: 0 },
  { point: 'after_claim', ...WORKER, lost: 0 },
  { point: 'after_gate', ...WORKER, lost: 1 },
  { point: 'before_record', ...WORKER, lost: 1 },
  { point: 'within_record', ...WORKER, lost: 1 },
  { point: 'before_ack', ...WORKER, lost: 0 },
  { point: 'within_submit', ...API },
  { point: 'after_submit', ...API },
  // The first slots are served while it starts.
  { point: 'after_slot', ...SCHEDULER, bundle: TICKING_SCHEDULER, hits: [3, 6] },
  { point: 'before_rescue', ...SCHEDULER, hits: [1, 1] },
  { point: 'after_rescue', ...SCHEDULER, hits: [1, 1] },
];

/** Submits that a doomed service gets to see until it dies. */
const MOST_ROUNDS = 30;

/** A task ends within this time, or never; a lost one as well. */
const PATIENCE_MS = 60_000;

const WORK = steadyWork(10, 100);

export const crashPoints: Scenario = {
  row: '2',
  name: 'crash-points',
  promise:
    'A service dies between two steps, at each of them in turn: a worker counts as lost only with a task it had started.',
  long: { cycles: 20, tasks: 9_000 },
  async run(context) {
    const { testbed, nemesis, cycles, say } = context;
    await buildWithFaultPoints();
    const expectedLosses = new Map<number, CrashPoint>();
    const complaints: string[] = [];
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      for (const point of POINTS) {
        const doomed = await dieAt(context, point);
        if (!doomed) complaints.push(`nothing died at ${point.point}`);
        else if (point.kind === 'worker') expectedLosses.set(doomed.process.pid, point);
      }
      await inherit(context);
      say(`cycle ${cycle} of ${cycles}: ${POINTS.length} crashes`);
    }
    nemesis.note('the crashes are over');
    await testbed.heal();
    await drained(testbed.postgres.url);
    complaints.push(...(await wrongLosses(context, expectedLosses)));
    return { measures: { crashes: cycles * POINTS.length }, complaints };
  },
};

/** Resolves with the service that died there; undefined when it did not come that far. */
async function dieAt(context: ScenarioContext, crash: CrashPoint): Promise<Service | undefined> {
  const { testbed, nemesis, random } = context;
  const rescues = crash.point.endsWith('_rescue');
  // Others would be quicker.
  if (rescues) await Promise.all(testbed.running('scheduler').map((scheduler) => nemesis.terminate(scheduler)));
  const failpoints = `${crash.point}:kill@${random.between(...(crash.hits ?? [1, 4]))}`;
  const doomed = await testbed.add(crash.kind, {
    env: { FAILPOINTS: failpoints, ...(crash.kind === 'worker' ? { QUEUE_QUEUES: queueOf(crash) } : {}) },
    bundle: join(FAULT_BUNDLES, crash.bundle),
  });
  nemesis.note(`${crash.kind} ${doomed.process.pid} is to die at ${crash.point}`, [doomed]);
  if (rescues) await loseWorker(context);

  const feedToo = crash.kind === 'worker' ? feed(context, doomed, queueOf(crash)) : Promise.resolve();
  await Promise.all([submitUntilDead(context, doomed), feedToo]);
  const died = !doomed.process.running;
  if (died) nemesis.note(`${crash.kind} ${doomed.process.pid} is dead`);
  else await nemesis.terminate(doomed);
  await testbed.fillUp();
  return died ? doomed : undefined;
}

async function submitUntilDead({ load, cycles, tasks }: ScenarioContext, doomed: Service): Promise<void> {
  const share = Math.ceil(tasks / (cycles * POINTS.length));
  for (let round = 0; round < MOST_ROUNDS && doomed.process.running; round += 1) {
    await load.submit(share, { overMs: 1_000, workload: WORK });
  }
}

/**
 * Gives a doomed worker one task after the other, in a queue of its own, so that it dies with one in hand. Of a queue with
 * more in it even a worker of one slot starts the next task when the last one's outcome is still on its way, and claims ahead.
 */
async function feed({ testbed, load }: ScenarioContext, doomed: Service, queue: string): Promise<void> {
  const workload: Workload = (taskId, random) => {
    const { body, expect } = WORK(taskId, random);
    return { body: { ...body, queue }, expect };
  };
  for (let round = 0; round < MOST_ROUNDS && doomed.process.running; round += 1) {
    await load.submit(1, { bulk: 1, workload });
    await eventually(async () => {
      const left = doomed.process.running ? await countTasks(testbed, openIn([queue])) : 0;
      if (left > 0) throw new Error('a worker is alive and does not end its only task');
    }, PATIENCE_MS);
  }
}

/** Works off what the workers that died in a cycle left in their queues; the next ones must find these empty. */
async function inherit({ testbed, nemesis }: ScenarioContext): Promise<void> {
  const queues = POINTS.filter(({ kind }) => kind === 'worker').map(queueOf);
  const heir = await testbed.add('worker', { env: { QUEUE_QUEUES: queues.join(',') } });
  await eventually(async () => {
    const left = await countTasks(testbed, openIn(queues));
    if (left > 0) throw new Error(`${left} tasks of workers that died are not over`);
  }, PATIENCE_MS);
  await nemesis.terminate(heir);
}

function queueOf({ point }: CrashPoint): string {
  return `doomed_${point}`;
}

function openIn(queues: readonly string[]): string {
  return `status IN ('pending', 'processing') AND queue IN (${queues.map((queue) => `'${queue}'`).join(', ')})`;
}

/** Kills a worker with tasks in its hands, for a scheduler to rescue them. */
async function loseWorker({ testbed, nemesis, load, random }: ScenarioContext): Promise<void> {
  const victim = random.pick(testbed.running('worker'));
  await load.submit(20, { workload: steadyWork(5_000, 5_000) });
  await untilTasks(testbed, 1, `status = 'processing' AND worker_id LIKE '%:${victim.process.pid}:%'`);
  await nemesis.kill(victim);
}

/** Whoever died before the start gate or after the record cost no task an attempt. */
async function wrongLosses({ testbed }: ScenarioContext, expected: ReadonlyMap<number, CrashPoint>): Promise<string[]> {
  const rows = await rowsOf<{ pid: number; n: number }>(
    testbed,
    `SELECT split_part(worker_id, ':', 2)::integer AS pid, count(*)::integer AS n
     FROM task_attempts WHERE outcome = 'lost' GROUP BY 1`,
  );
  const lost = new Map(rows.map(({ pid, n }) => [pid, n]));
  return [...expected]
    .filter(([pid, crash]) => (lost.get(pid) ?? 0) !== crash.lost)
    .map(([pid, { point, lost: wanted }]) => `${lost.get(pid) ?? 0} tasks, not ${wanted}, were lost at ${point}`);
}
