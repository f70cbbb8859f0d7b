import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@millrace/testing';
import { Redis } from 'ioredis';
import { rowsOf, untilTasks } from '../record';
import type { Scenario } from '../scenario';
import { REDIS_PREFIX } from '../testbed';
import { steadyWork } from '../workload';

const TASKS = `${REDIS_PREFIX}:tasks`;
const LEASE_MS = 3_000;

/** A loss that is noticed is made good within this time; the sweep that needs no notice comes every 15 s. */
const NOTICED_MS = 8_000;
/** By then the search for rows whose push never happened has passed. */
const SETTLED_MS = 5_000;

export const lostTwice: Scenario = {
  row: '6',
  name: 'lost-twice',
  promise: 'Redis loses everything, and again as soon as it is full: the loss is noticed at once, each time.',
  testbed: { workers: 0, schedulers: 1 },
  long: { cycles: 3, tasks: 100 },
  async run({ testbed, nemesis, load, cycles, tasks }) {
    const redis = new Redis(testbed.redis.url);
    const took: number[] = [];
    try {
      await load.submit(tasks, { workload: steadyWork(0, 5) });
      await sleep(SETTLED_MS);
      for (let cycle = 1; cycle <= cycles; cycle += 1) {
        nemesis.note('FLUSHALL');
        await redis.flushall();
        const sinceMs = performance.now();
        await eventually(async () => {
          const ready = await redis.llen(TASKS);
          if (ready < tasks) throw new Error(`only ${ready} of ${tasks} tasks are back`);
        }, 60_000);
        took.push(performance.now() - sinceMs);
      }
    } finally {
      redis.disconnect();
    }
    await testbed.add('worker');
    const slowest = Math.round(Math.max(...took));
    const complaints = slowest > NOTICED_MS ? [`it took ${slowest} ms until everything was dispatched again`] : [];
    return { measures: { slowestMs: slowest }, complaints };
  },
};

export const copiedEntries: Scenario = {
  row: '24',
  name: 'copied-entries',
  promise: 'Entries of tasks that have ended come again: nothing starts.',
  long: { cycles: 1, tasks: 20 },
  async run({ testbed, nemesis, load, tasks }) {
    const redis = new Redis(testbed.redis.url);
    try {
      await load.submit(tasks, { workload: steadyWork(0, 20) });
      await untilTasks(testbed, tasks, `status = 'success'`);
      const rows = await rowsOf<{ task_id: string }>(testbed, 'SELECT task_id FROM tasks');
      nemesis.note('the entry of every task comes again');
      const entries = rows.map(({ task_id: id }) => JSON.stringify({ id, attempt: 0, name: 'effect', payload: {} }));
      await redis.lpush(TASKS, ...entries);
      await eventually(async () => {
        const left = (await redis.llen(TASKS)) + (await redis.hlen(`${REDIS_PREFIX}:processing`));
        if (left > 0) throw new Error(`${left} entries are left`);
      }, 30_000);
    } finally {
      redis.disconnect();
    }
    return {};
  },
};

export const lateWorkers: Scenario = {
  row: '12b',
  name: 'late-workers',
  promise:
    'Everybody loses Redis for several leases, and the workers hear it again last: none of them is taken for lost.',
  testbed: { network: 'proxied', leaseMs: LEASE_MS, workers: 1 },
  long: { cycles: 1, tasks: 20 },
  async run({ testbed, nemesis, load, tasks }) {
    await load.submit(tasks, { workload: steadyWork(20_000, 20_000) });
    await untilTasks(testbed, tasks, `status = 'processing'`);
    nemesis.note('everybody loses redis');
    const services = (['api', 'scheduler', 'worker'] as const).flatMap((kind) => testbed.running(kind));
    for (const { links } of services) links?.redis.play({ swallow: 'both' });
    await sleep(LEASE_MS * 2.5);
    for (const { kind, links } of services) if (kind !== 'worker') links?.redis.heal();
    nemesis.note('everybody but the workers hears redis again');
    await sleep(LEASE_MS * 0.8);
    return {};
  },
};
