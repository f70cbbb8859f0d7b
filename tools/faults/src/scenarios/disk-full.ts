import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Scenario, ScenarioContext } from '../scenario';
import { noSmallDisk, SmallDisk } from '../small-disk';
import { underLoad } from '../under-load';
import { steadyWork } from '../workload';

const FULL_MS = 6_000;
/** Long enough for what runs to end, and to wait for a database that does not answer. */
const GATHER_MS = 1_500;

const postgresDisk = new SmallDisk(400);
const redisDisk = new SmallDisk(64);
const spillDisk = new SmallDisk(8);

export const diskFull: Scenario = {
  row: '28',
  name: 'disk-full',
  promise:
    "PostgreSQL's disk is full: nothing is acknowledged that is not recorded, and all goes on once there is room.",
  get testbed() {
    const postgresFolder = join(postgresDisk.path, 'postgres');
    mkdirSync(postgresFolder, { recursive: true });
    return { postgresFolder };
  },
  long: { cycles: 5, tasks: 1_000 },
  unavailable: noSmallDisk,
  async run(context) {
    await underLoad(
      context,
      async () => {
        await fillFor(context, postgresDisk, 'PostgreSQL', () => sleep(FULL_MS));
        // A server that cannot write its log ends itself, and is started again by whoever runs it.
        await context.testbed.heal();
      },
      { overMs: 4_000 },
    );
    return {};
  },
  cleanUp: () => postgresDisk.unmount(),
};

export const redisDiskFull: Scenario = {
  row: '28',
  name: 'redis-disk-full',
  promise:
    "The disk of Redis' log is full, and it refuses to write: submits are recorded, and all goes on once there is room.",
  get testbed() {
    return { redisPersistence: 'appendonly' as const, redisFolder: join(redisDisk.path, 'redis') };
  },
  long: { cycles: 5, tasks: 1_000 },
  unavailable: noSmallDisk,
  async run(context) {
    const { load, testbed } = context;
    const redis = new Redis(testbed.redis.url);
    let refusing = 0;
    try {
      await underLoad(
        context,
        () =>
          fillFor(context, redisDisk, 'Redis', async () => {
            await sleep(FULL_MS);
            if (/^aof_last_write_status:err/m.test(await redis.info('persistence'))) refusing += 1;
          }),
        { overMs: 6_000 },
      );
    } finally {
      redis.disconnect();
    }
    const refused = load.answers.filter(({ kind }) => kind !== 'ok').length;
    return {
      measures: { refusedSubmits: refused },
      complaints: [
        ...(refusing < context.cycles ? [`Redis could write in ${context.cycles - refusing} cycles`] : []),
        ...(refused > 0 ? [`${refused} submits were not taken while Redis could not write`] : []),
      ],
    };
  },
  cleanUp: () => redisDisk.unmount(),
};

export const spillDiskFull: Scenario = {
  row: '28',
  name: 'spill-disk-full',
  promise:
    'Workers end while PostgreSQL stands still, and have no room to save their outcomes: their tasks run again, and nothing else is lost.',
  get testbed() {
    return { workerEnv: { WORKER_SPILL_FOLDER: join(spillDisk.path, 'spill'), SHUTDOWN_TIMEOUT: '3s' } };
  },
  long: { cycles: 5, tasks: 1_000 },
  unavailable: noSmallDisk,
  async run(context) {
    await underLoad(context, () => fillFor(context, spillDisk, 'the workers', () => endWithoutRoom(context)), {
      overMs: 4_000,
      workload: steadyWork(100, 1_000),
    });
    return {};
  },
  cleanUp: () => spillDisk.unmount(),
};

async function fillFor(
  { nemesis }: ScenarioContext,
  disk: SmallDisk,
  whose: string,
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  nemesis.note(`the disk of ${whose} is full`);
  try {
    disk.fill();
    await meanwhile();
  } finally {
    disk.free();
  }
  nemesis.note('there is room again');
}

async function endWithoutRoom({ testbed, nemesis, random }: ScenarioContext): Promise<void> {
  const worker = random.pick(testbed.running('worker'));
  nemesis.note('SIGSTOP postgres', [worker]);
  await testbed.postgres.kill('SIGSTOP');
  await sleep(GATHER_MS);
  await nemesis.terminate(worker);
  await testbed.postgres.kill('SIGCONT');
  nemesis.note('SIGCONT postgres');
  await testbed.fillUp();
}
