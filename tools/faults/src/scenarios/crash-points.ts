import { join } from 'node:path';
import type { FaultPoint } from '@millrace/contracts';
import { drained } from '../drained';
import { buildWithFaultPoints, FAULT_BUNDLES } from '../fault-builds';
import { rowsOf, untilTasks } from '../record';
import type { Scenario, ScenarioContext } from '../scenario';
import type { Service, ServiceKind } from '../testbed';
import { TICKING_SCHEDULER } from '../slot-watch';
import { steadyWork } from '../workload';

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
  const { testbed, nemesis, load, random, cycles, tasks } = context;
  const rescues = crash.point.endsWith('_rescue');
  // Others would be quicker.
  if (rescues) await Promise.all(testbed.running('scheduler').map((scheduler) => nemesis.terminate(scheduler)));
  const doomed = await testbed.add(crash.kind, {
    // One slot, so that it dies with one task in hand.
    env: { FAILPOINTS: `${crash.point}:kill@${random.between(...(crash.hits ?? [1, 4]))}`, QUEUE_WORKERS: '1' },
    bundle: join(FAULT_BUNDLES, crash.bundle),
  });
  nemesis.note(`${crash.kind} ${doomed.process.pid} is to die at ${crash.point}`, [doomed]);
  if (rescues) await loseWorker(context);

  const share = Math.ceil(tasks / (cycles * POINTS.length));
  for (let round = 0; round < MOST_ROUNDS && doomed.process.running; round += 1) {
    await load.submit(share, { overMs: 1_000, workload: steadyWork(10, 100) });
  }
  const died = !doomed.process.running;
  if (died) nemesis.note(`${crash.kind} ${doomed.process.pid} is dead`);
  else await nemesis.terminate(doomed);
  await testbed.fillUp();
  return died ? doomed : undefined;
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
