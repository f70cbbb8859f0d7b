import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultPoint } from '@millrace/contracts';
import { buildWithFaultPoints, FAULT_BUNDLES } from '../fault-builds';
import { rowsOf } from '../record';
import type { Scenario, ScenarioContext } from '../scenario';
import type { ServiceKind } from '../testbed';
import { untilStopped } from '../until-stopped';

interface Victim {
  readonly kind: ServiceKind;
  readonly point: FaultPoint;
  readonly bundle: string;
}

const VICTIMS: readonly Victim[] = [
  { kind: 'worker', point: 'within_record', bundle: join('tools', 'faults', 'worker', 'main.js') },
  { kind: 'api', point: 'within_submit', bundle: join('apps', 'api', 'main.js') },
];

/** The server's limit on idle transactions is 10 s; it looks no more often than it has to. */
const MOST_HELD_MS = 12_000;
/** Whoever waits for a lock gives up long before its holder does. */
const MOST_WAIT_MS = 5_000;
const LOOK_MS = 100;
/** Submits of one victim, as a rule and at most. */
const ROUNDS = 25;
const MOST_ROUNDS = 60;
/** From here on somebody stands still in there, rather than being on the way to the commit. */
const IDLE_MS = 1_000;

const SESSIONS = `
  SELECT coalesce(max(extract(epoch FROM now() - state_change) * 1000)
      FILTER (WHERE state LIKE 'idle in transaction%'), 0)::integer AS idle_ms,
    coalesce(max(extract(epoch FROM now() - query_start) * 1000)
      FILTER (WHERE wait_event_type = 'Lock'), 0)::integer AS wait_ms
  FROM pg_stat_activity WHERE datname = current_database()`;

export const pausedInTransaction: Scenario = {
  row: '4',
  name: 'paused-in-transaction',
  promise:
    'A worker stands still between an outcome and its commit, an api between a task and its commit: the server takes their locks away.',
  testbed: { workers: 1, apis: 1 },
  long: { cycles: 10, tasks: 2_000 },
  async run(context) {
    await buildWithFaultPoints();
    const seen: Held[] = [];
    for (let cycle = 1; cycle <= context.cycles; cycle += 1) {
      for (const victim of VICTIMS) seen.push(await pauseUnderLoad(context, victim));
      context.say(`cycle ${cycle} of ${context.cycles}`);
    }
    const slowest = (of: keyof Held) => Math.max(0, ...seen.map((held) => held[of]));
    const shortest = Math.min(...seen.map(({ heldMs }) => heldMs));
    return {
      measures: { longestHeldMs: slowest('heldMs'), longestWaitMs: slowest('waitMs') },
      complaints: [
        ...(shortest < IDLE_MS ? ['nobody stood still in a transaction'] : []),
        ...(slowest('heldMs') > MOST_HELD_MS ? [`a transaction was held for ${slowest('heldMs')} ms`] : []),
        ...(slowest('waitMs') > MOST_WAIT_MS ? [`somebody waited ${slowest('waitMs')} ms for a lock`] : []),
      ],
    };
  },
};

/** For how long the transaction was open, and for how long anybody waited for a lock meanwhile. */
interface Held {
  readonly heldMs: number;
  readonly waitMs: number;
}

/** Tasks come for as long as it takes the victim to get there, and while it stands still. */
async function pauseUnderLoad(context: ScenarioContext, victim: Victim): Promise<Held> {
  const over = new AbortController();
  const pausing = pauseWithin(context, victim).finally(() => over.abort());
  const share = Math.ceil(context.tasks / (context.cycles * VICTIMS.length * ROUNDS));
  const submitting = async () => {
    for (let round = 0; round < MOST_ROUNDS && !over.signal.aborted; round += 1) {
      await context.load.submit(share, { overMs: 1_000 });
    }
  };
  const [held] = await Promise.all([pausing, submitting()]);
  return held;
}

async function pauseWithin({ testbed, nemesis, random }: ScenarioContext, victim: Victim): Promise<Held> {
  const { kind, point, bundle } = victim;
  const service = await testbed.add(kind, {
    env: { FAILPOINTS: `${point}:pause@${random.between(1, 4)}` },
    bundle: join(FAULT_BUNDLES, bundle),
  });
  nemesis.note(`${kind} ${service.process.pid} is to stand still at ${point}`, [service]);
  await untilStopped(service.process.pid);
  const held = await untilFreed(testbed);
  nemesis.note(`the server has ended the transaction of ${kind} ${service.process.pid}`);
  await nemesis.resume(service);
  // What it has in hand it settles now, as too late or once more.
  await nemesis.terminate(service);
  return held;
}

async function untilFreed(testbed: ScenarioContext['testbed']): Promise<Held> {
  const giveUpAtMs = performance.now() + 2 * MOST_HELD_MS;
  let [heldMs, waitMs] = [0, 0];
  while (performance.now() < giveUpAtMs) {
    const [now] = await rowsOf<{ idle_ms: number; wait_ms: number }>(testbed, SESSIONS);
    waitMs = Math.max(waitMs, now?.wait_ms ?? 0);
    if (heldMs > IDLE_MS && (now?.idle_ms ?? 0) < IDLE_MS) return { heldMs, waitMs };
    heldMs = Math.max(heldMs, now?.idle_ms ?? 0);
    await sleep(LOOK_MS);
  }
  return { heldMs, waitMs };
}
