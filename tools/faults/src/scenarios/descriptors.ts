import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario, ScenarioContext } from '../scenario';
import { underLoad } from '../under-load';

const FEW_MS = 5_000;
/** What it may keep of the files and sockets that it has. */
const SHARE = 0.6;

export const fewDescriptors: Scenario = {
  row: '29',
  name: 'few-descriptors',
  promise:
    'A service loses its connections and may open no new file or socket for a while: it does not end, and recovers by itself.',
  testbed: { network: 'proxied' },
  long: { cycles: 12, tasks: 1_200 },
  unavailable: () => (canLimit() ? undefined : 'there is no prlimit'),
  async run(context) {
    let ended = 0;
    await underLoad(
      context,
      async (cycle) => {
        if (!(await starve(context, cycle))) ended += 1;
      },
      { overMs: 4_000 },
    );
    const puzzled = context.load.answers.filter(
      ({ status }) => status !== null && status >= 500 && status !== 503,
    ).length;
    return {
      complaints: [
        ...(ended > 0 ? [`${ended} services ended`] : []),
        ...(puzzled > 0 ? [`${puzzled} requests were answered 5xx other than 503`] : []),
      ],
    };
  },
};

/** Answers whether the service has outlived it. */
async function starve({ testbed, nemesis, random }: ScenarioContext, cycle: number): Promise<boolean> {
  const kind = (['worker', 'api', 'scheduler'] as const)[cycle % 3] ?? 'worker';
  const service = random.pick(testbed.running(kind));
  const { pid } = service.process;
  const most = Math.ceil(readdirSync(`/proc/${pid}/fd`).length * SHARE);
  const before = softLimit(pid);
  // A worker that cannot connect to Redis again is lost by the rule.
  nemesis.note(`${kind} ${pid} may have ${most} descriptors, and its connections are cut`, [service]);
  limit(pid, String(most));
  service.links?.redis.reset();
  service.links?.postgres.reset();
  await sleep(FEW_MS);
  const { running } = service.process;
  if (running) limit(pid, before);
  nemesis.note(`${kind} ${pid} may have ${before} descriptors`);
  await testbed.fillUp();
  return running;
}

function softLimit(pid: number): string {
  const args = ['--pid', String(pid), '--nofile', '--output', 'SOFT', '--noheadings'];
  return execFileSync('prlimit', args, { encoding: 'utf8' }).trim();
}

function limit(pid: number, soft: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
}

function canLimit(): boolean {
  try {
    softLimit(process.pid);
    return true;
  } catch {
    return false;
  }
}
