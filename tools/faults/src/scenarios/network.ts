import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultProxy, LinkFault } from '../fault-proxy';
import type { Scenario, ScenarioContext } from '../scenario';
import type { Service } from '../testbed';
import { underLoad } from '../under-load';

type StoreName = 'postgres' | 'redis';
const STORES: readonly StoreName[] = ['postgres', 'redis'];

export const slowNetwork: Scenario = {
  row: '15',
  name: 'slow-network',
  promise: 'Lines are slow, narrow, or break again and again: it takes longer, and that is all.',
  testbed: { network: 'proxied' },
  long: { cycles: 10, tasks: 1_000 },
  async run(context) {
    const faults: readonly LinkFault[] = [
      { latencyMs: 50 },
      { latencyMs: 200 },
      { latencyMs: 1_000 },
      { bytesPerSecond: 10_000 },
    ];
    await underLoad(context, async (cycle) => {
      const fault = faults[cycle % (faults.length + 1)];
      await (fault ? playEverywhere(context, fault) : stormOfResets(context));
    });
    return {};
  },
};

export const halfOpen: Scenario = {
  row: '16',
  name: 'half-open',
  promise: 'A line goes dead without a word: the service gives it up, makes a new one, and nothing is lost.',
  testbed: { network: 'proxied' },
  long: { cycles: 12, tasks: 1_200 },
  async run(context) {
    let slowestMs = 0;
    await underLoad(
      context,
      async (cycle) => {
        const line = await swallow(context, cycle, 'both', 6_000);
        line.healNewLines();
        slowestMs = Math.max(slowestMs, await untilGivenUp(line));
      },
      { overMs: 4_000 },
    );
    return {
      measures: { slowestRecoveryMs: slowestMs },
      complaints: slowestMs > GIVEN_UP_MS ? [`a dead line was held for ${slowestMs} ms after the healing`] : [],
    };
  },
};

export const oneWay: Scenario = {
  row: '17',
  name: 'one-way',
  promise: 'Requests arrive and their answers are lost: what was done without anybody hearing of it is found out.',
  testbed: { network: 'proxied' },
  long: { cycles: 12, tasks: 1_200 },
  async run(context) {
    await underLoad(
      context,
      async (cycle) => {
        const line = await swallow(context, cycle, 'replies', 5_000);
        line.heal();
      },
      { overMs: 4_000 },
    );
    return {};
  },
};

const SLOW_MS = 5_000;
const RESETS = 20;
/** No service may hold on to a dead line for longer once others can be had. */
const GIVEN_UP_MS = 15_000;

async function playEverywhere({ testbed, nemesis }: ScenarioContext, fault: LinkFault): Promise<void> {
  const services = everyone({ testbed });
  // Renewals may come too late over such a line.
  nemesis.note(`every line: ${JSON.stringify(fault)}`, services);
  for (const { links } of services) for (const store of STORES) links?.[store].play(fault);
  await sleep(SLOW_MS);
  for (const { links } of services) for (const store of STORES) links?.[store].heal();
  nemesis.note('every line is good again');
}

async function stormOfResets({ testbed, nemesis, random }: ScenarioContext): Promise<void> {
  nemesis.note(`${RESETS} broken lines, one after the other`);
  for (let n = 0; n < RESETS; n += 1) {
    random.pick(everyone({ testbed })).links?.[random.pick(STORES)].reset();
    await sleep(SLOW_MS / RESETS);
  }
}

/** One line at a time: worker to Redis, worker to PostgreSQL, api to Redis, and so on. Returns it unhealed. */
async function swallow(
  { testbed, nemesis, random }: ScenarioContext,
  cycle: number,
  what: NonNullable<LinkFault['swallow']>,
  forMs: number,
): Promise<FaultProxy> {
  const kind = (['worker', 'worker', 'api', 'scheduler'] as const)[Math.floor(cycle / 2) % 4] ?? 'worker';
  const store = STORES[cycle % 2] ?? 'redis';
  const service = random.pick(testbed.running(kind));
  // A worker that Redis hears nothing from is lost by the rule.
  nemesis.note(`${kind} ${service.process.pid}: ${what} of ${store} swallowed`, store === 'redis' ? [service] : []);
  if (!service.links) throw new Error('The network must be proxied');
  const line = service.links[store];
  line.play({ swallow: what });
  await sleep(forMs);
  nemesis.note('the line is good again');
  return line;
}

/** Waits until no dead connection is held any more; answers how long that took, in milliseconds. */
async function untilGivenUp(line: FaultProxy): Promise<number> {
  const startedAtMs = performance.now();
  while (line.deadLines > 0 && performance.now() - startedAtMs < 5 * GIVEN_UP_MS) await sleep(100);
  return Math.round(performance.now() - startedAtMs);
}

function everyone({ testbed }: Pick<ScenarioContext, 'testbed'>): Service[] {
  return (['api', 'worker', 'scheduler'] as const).flatMap((kind) => testbed.running(kind));
}
