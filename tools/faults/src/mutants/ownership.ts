import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { countTasks, untilTasks } from '../record';
import type { Scenario } from '../scenario';
import { REDIS_PREFIX, type Service, type Testbed } from '../testbed';
import { untilStopped } from '../until-stopped';
import { steadyWork, type Workload } from '../workload';

const LEASE_MS = 3_000;

/** Work that does not look at its signal. */
function deafWork(ms: number): Workload {
  return (taskId) => ({
    body: { type: 'effect', task_id: taskId, payload: { sleep: ms, deaf: true } },
    expect: 'success',
  });
}

const heldBy = ({ process }: Service) => `status = 'processing' AND worker_id LIKE '%:${process.pid}:%'`;

/** The worker that has started most, with what it holds. */
async function busyWorker(testbed: Testbed): Promise<Service> {
  await untilTasks(testbed, 1, `status = 'processing'`);
  for (const worker of testbed.running('worker')) if ((await countTasks(testbed, heldBy(worker))) > 0) return worker;
  throw new Error('No worker holds a task');
}

export const zombie: Scenario = {
  row: '3',
  name: 'zombie',
  promise: 'A worker wakes up while its tasks already run elsewhere: its outcomes change nothing.',
  testbed: { leaseMs: LEASE_MS },
  long: { cycles: 1, tasks: 20 },
  async run({ testbed, nemesis, load, tasks }) {
    await load.submit(tasks, { workload: deafWork(8_000) });
    const victim = await busyWorker(testbed);
    await nemesis.pause(victim);
    await untilTasks(testbed, 1, `status = 'processing' AND attempt = 2`);
    await nemesis.resume(victim);
    return {};
  },
};

export const staleRescuer: Scenario = {
  row: '18',
  name: 'stale-rescuer',
  promise:
    'A scheduler stands still between looking at lost tasks and rescuing them, and goes on when others run them.',
  testbed: { leaseMs: LEASE_MS, schedulers: 0 },
  long: { cycles: 1, tasks: 20 },
  async run({ testbed, nemesis, load, tasks }) {
    const slow = await testbed.add('scheduler', { env: { FAILPOINTS: 'before_rescue:pause' } });
    await load.submit(tasks, { workload: steadyWork(15_000, 15_000) });
    await nemesis.kill(await busyWorker(testbed));
    await untilStopped(slow.process.pid);
    await testbed.add('scheduler');
    await untilTasks(testbed, 1, `status = 'processing' AND attempt = 2`);
    await nemesis.resume(slow);
    return {};
  },
};

export const heldWork: Scenario = {
  row: '12',
  name: 'held-work',
  promise: 'A running task is under a lease from its first moment until its outcome is recorded, however late that is.',
  // No renewal happens meanwhile: it would put back what is missing.
  testbed: { workers: 1, leaseMs: 120_000 },
  long: { cycles: 1, tasks: 20 },
  async run({ testbed, nemesis, load, tasks }) {
    const redis = new Redis(testbed.redis.url);
    const complaints: string[] = [];
    const expectHeld = async (when: string) => {
      const [holds, leases] = await Promise.all([
        redis.hlen(`${REDIS_PREFIX}:processing`),
        redis.zcard(`${REDIS_PREFIX}:leases`),
      ]);
      if (Math.min(holds, leases) < tasks)
        complaints.push(`of ${tasks} tasks ${holds} have a hold and ${leases} a lease ${when}`);
    };
    try {
      await load.submit(tasks, { workload: steadyWork(3_000, 3_000) });
      await untilTasks(testbed, tasks, `status = 'processing'`);
      await expectHeld('while they run');
      nemesis.note('SIGSTOP postgres');
      await testbed.postgres.kill('SIGSTOP');
      await sleep(4_500);
      await expectHeld('while their outcomes wait for the database');
    } finally {
      redis.disconnect();
    }
    return { complaints };
  },
};
