import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@millrace/testing';
import { Redis } from 'ioredis';
import { FaultProxy } from '../fault-proxy';
import { rowsOf, untilTasks } from '../record';
import type { Scenario, ScenarioContext } from '../scenario';
import { Sentinels } from '../sentinels';
import { underLoad } from '../under-load';

/** How far the replicas are behind when the primary dies. */
const BEHIND_MS = 500;
const SYNC_MS = 10_000;
/** By then tasks end again, from the death of the primary on. */
const RECOVERED_MS = 30_000;

export const redisSentinel: Scenario = {
  row: '8',
  name: 'redis-sentinel',
  promise:
    'The primary dies while its replicas are behind, and three Sentinels move it: tasks end again within half a minute.',
  testbed: { network: 'proxied' },
  long: { cycles: 10, tasks: 2_000 },
  async run(context) {
    const sentinels = await Sentinels.start(context.testbed);
    let slowestMs = 0;
    try {
      await underLoad(
        context,
        async () => {
          slowestMs = Math.max(slowestMs, await failOver(context, sentinels));
        },
        { overMs: 15_000 },
      );
    } finally {
      await sentinels.stop();
    }
    return {
      measures: { slowestRecoveryMs: slowestMs },
      complaints: slowestMs > RECOVERED_MS ? [`it took ${slowestMs} ms until a task ended again`] : [],
    };
  },
};

/** Answers how long after the primary's death a task ended that Redis had to be there for. */
async function failOver({ testbed, nemesis }: ScenarioContext, sentinels: Sentinels): Promise<number> {
  const old = testbed.redis;
  const line = await FaultProxy.start(old.port);
  try {
    for (const { url } of sentinels.replicas) await follow(url, line.port);
    nemesis.note('the replicas fall behind');
    line.play({ swallow: 'replies' });
    await sleep(BEHIND_MS);
    nemesis.note('kill -9 of the primary');
    const diedAtMs = performance.now();
    await old.kill('SIGKILL');
    await sentinels.untilMovedFrom(old);
    nemesis.note('the Sentinels have moved the primary');
    const [now] = await rowsOf<{ at: string }>(testbed, 'SELECT now()::text AS at');
    await untilTasks(testbed, 1, `status = 'success' AND started_at > '${now?.at}'`);
    const tookMs = Math.round(performance.now() - diedAtMs);
    await old.restart();
    nemesis.note('the old primary is back');
    await sentinels.untilWhole();
    return tookMs;
  } finally {
    await line.close();
  }
}

/** Has a replica follow its primary over a line on which it can be held up. */
async function follow(url: string, port: number): Promise<void> {
  const redis = new Redis(url);
  try {
    await redis.replicaof('127.0.0.1', port);
    await eventually(async () => {
      if (!/^master_link_status:up/m.test(await redis.info('replication'))) throw new Error('It is not in sync');
    }, SYNC_MS);
  } finally {
    redis.disconnect();
  }
}
