import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@millrace/testing';
import { Client } from 'pg';
import type { Nemesis } from '../nemesis';
import type { Scenario } from '../scenario';
import { SlotWatch, TICKING_SCHEDULER, type WatchedSchedule } from '../slot-watch';
import type { Service, Testbed } from '../testbed';
import { underLoad } from '../under-load';

const REPLICAS = 3;
const LEASE_MS = 4_000;
/** Longer than the two leases after which a process is given up, unless a store was away, and shorter. */
const LONG_PAUSE_MS = 12_000;
const SHORT_PAUSE_MS = 3_000;
const POLL_MS = 20;
/** A run that is given up holds the function for two leases. */
const PATIENCE_MS = 20_000;

const WATCHED: readonly WatchedSchedule[] = [
  { name: 'faults-exclusive', everyMs: 1_000, exclusive: { overlap: 'skip', leaseMs: LEASE_MS } },
  { name: 'faults-queued', everyMs: 2_000, exclusive: { overlap: 'queue_all', leaseMs: LEASE_MS } },
];
const NAMES = WATCHED.map(({ name }) => name);

/** The shortest run takes twice as long: it is still going on when something is done to its process. */
const JUST_BEGUN = `
  SELECT split_part(worker_id, ':', 2)::integer AS pid FROM tasks
  WHERE type = ANY (SELECT 'scheduled:' || unnest($1::text[])) AND status = 'processing'
    AND started_at > now() - interval '100 ms'`;

export const exclusiveFunctions: Scenario = {
  row: '18',
  name: 'exclusive-functions',
  promise:
    'Of three schedulers the one that runs an exclusive function is killed, or stands still and comes back, or a store does: it never runs twice at a time, and each slot is run, queued or skipped as its policy says.',
  testbed: { schedulers: 1, workers: 1, apis: 1, leaseMs: LEASE_MS },
  // Ten minutes.
  long: { cycles: 36, tasks: 360 },
  async run(context) {
    const { testbed, nemesis, random } = context;
    const add = () => testbed.add('scheduler', { bundle: TICKING_SCHEDULER, env: { FAULTS_FUNCTIONS: 'true' } });
    let replicas: Service[] = await Promise.all(Array.from({ length: REPLICAS }, add));
    const kill = async (victim: Service) => {
      await nemesis.kill(victim);
      replicas = [...replicas.filter((replica) => replica !== victim), await add()];
    };
    const watch = await SlotWatch.begin(testbed, WATCHED);
    const client = new Client({ connectionString: testbed.postgres.url });
    await client.connect();
    await underLoad(
      context,
      async (cycle) => {
        const holder = await whoRuns(client, replicas);
        const other = random.pick(replicas.filter((replica) => replica !== holder));
        if (cycle % 6 === 1) await kill(holder);
        else if (cycle % 6 === 2) await stop(nemesis, holder, LONG_PAUSE_MS);
        else if (cycle % 6 === 3) await Promise.all([kill(holder), stop(nemesis, other, LONG_PAUSE_MS)]);
        else if (cycle % 6 === 4) await stop(nemesis, holder, SHORT_PAUSE_MS);
        else await nemesis.freezeStore(cycle % 6 === 5 ? 'postgres' : 'redis', LONG_PAUSE_MS);
      },
      { overMs: 6_000 },
    );
    const complaints = await watch.end();
    await client.end();
    await pauseAll(testbed, replicas);
    for (const replica of replicas) await nemesis.terminate(replica);
    return { complaints };
  },
  expects: ({ counts }) => ((counts.functions?.givenUp ?? 0) > 0 ? [] : ['no run was given up: nothing hit one']),
};

interface Job {
  readonly name: string;
  readonly running: boolean;
}

/** The replica that has just begun to run a function. */
async function whoRuns(client: Client, replicas: readonly Service[]): Promise<Service> {
  const giveUpAtMs = performance.now() + PATIENCE_MS;
  while (performance.now() < giveUpAtMs) {
    const { rows } = await client.query<{ pid: number }>(JUST_BEGUN, [NAMES]);
    const holder = replicas.find(({ process }) => rows.some(({ pid }) => pid === process.pid));
    if (holder) return holder;
    await sleep(POLL_MS);
  }
  throw new Error(`No replica has begun to run a function for ${PATIENCE_MS} ms`);
}

async function stop(nemesis: Nemesis, victim: Service, forMs: number): Promise<void> {
  await nemesis.pause(victim);
  await sleep(forMs);
  await nemesis.resume(victim);
}

/** Resolves when the last run has ended by itself, those that were given up too: the end of a scheduler would end them. */
async function pauseAll({ apiUrls: [url = ''] }: Testbed, replicas: readonly Service[]): Promise<void> {
  for (const name of NAMES) {
    const response = await fetch(`${url}/api/v1/schedules/${name}/pause`, { method: 'POST' });
    if (!response.ok) throw new Error(`${name} cannot be paused: ${response.status} ${await response.text()}`);
  }
  await eventually(async () => {
    for (const { process } of replicas) {
      const { jobs } = (await (await fetch(`${process.url}/stats`)).json()) as { readonly jobs: readonly Job[] };
      const job = jobs.find(({ name, running }) => running && NAMES.includes(name));
      if (job) throw new Error(`${job.name} runs in process ${process.pid} although its schedule is paused`);
    }
  }, PATIENCE_MS);
}
