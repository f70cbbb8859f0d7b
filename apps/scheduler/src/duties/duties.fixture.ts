import type { Claim } from '@millrace/queue';
import type { TestRedis } from '@millrace/testing';
import type { OpenStores } from '../../../../libs/tasks/src/stores.fixture';
import { SchedulerConfig } from '../scheduler.config';
import { ExpirePending } from './expire-pending';
import { FoldCounts } from './fold-counts';
import { KnownQueues } from './known-queues';
import { PromoteDue } from './promote-due';
import { PruneFinished } from './prune-finished';
import { RecordUnrecorded } from './record-unrecorded';
import { RecoverLost } from './recover-lost';
import { RequeueFresh } from './requeue-fresh';
import { RequeueMissing } from './requeue-missing';
import { SweepLandings } from './sweep-landings';
import { WatchEpoch } from './watch-epoch';
import { Witnesses } from './witnesses';

export const LEASE_MS = 30_000;

/** What FLUSHALL does, to the keys of one spec alone. */
export async function forgetAll({ redis, prefix }: TestRedis): Promise<void> {
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
}

/** Removes every task that has not ended, so that a test sees only its own. */
export async function removeUnfinished({ store }: OpenStores): Promise<void> {
  await store.dataSource.query('DELETE FROM tasks_pending');
  await store.dataSource.query('DELETE FROM tasks_processing');
}

/** Ends every lease by Redis' clock. */
export async function endLeases({ redis, prefix }: TestRedis): Promise<void> {
  for (const id of await redis.zrange(`${prefix}:leases`, '0', '-1')) {
    await redis.zincrby(`${prefix}:leases`, -LEASE_MS, id);
  }
}

/** Makes it longer ago, by the clocks of both stores, that workers were heard from and tasks were started. */
export async function passTime({ store }: OpenStores, { redis, prefix }: TestRedis, ms: number): Promise<void> {
  for (const workerId of await redis.zrange(`${prefix}:workers`, '0', '-1')) {
    await redis.zincrby(`${prefix}:workers`, -ms, workerId);
  }
  const earlier = `- $1 * interval '1 ms'`;
  await store.dataSource.query(`UPDATE workers SET last_seen = last_seen ${earlier}`, [ms]);
  await store.dataSource.query(`UPDATE tasks_processing SET started_at = started_at ${earlier}`, [ms]);
}

/** The duties of one replica, driven by the test instead of their loops. */
export function dutiesOf({ store, access, policy }: OpenStores) {
  const config = Object.assign(new SchedulerConfig(), { queueLeaseMs: LEASE_MS });
  const { tasks, queries, workers } = store;
  const { queues } = access;
  const witnesses = new Witnesses();
  const known = new KnownQueues(queries, workers, policy);
  const requeueMissing = new RequeueMissing(queries, queues, known);
  return {
    witnesses,
    requeueMissing,
    recoverLost: new RecoverLost(tasks, queries, queues, known, witnesses, config),
    requeueFresh: new RequeueFresh(queries, queues),
    watchEpoch: new WatchEpoch(queues, store, witnesses, requeueMissing),
    recordUnrecorded: new RecordUnrecorded(tasks, queues, known, policy),
    expirePending: new ExpirePending(tasks),
    promoteDue: new PromoteDue(queues, known),
    sweepLandings: new SweepLandings(queues, known, config),
    foldCounts: new FoldCounts(store.counts),
    pruneFinished: new PruneFinished(store.partitions, config),
  };
}

/** A worker that does what the test says, and dies by doing nothing more. */
export function scriptedWorker({ store, access }: OpenStores, workerId: string) {
  const queue = access.queues.of('default');
  return {
    workerId,
    register: () =>
      store.workers.register({
        ...{ workerId, host: 'test', pid: 1, version: '0', queues: ['default'], concurrency: 1, types: [] },
      }),
    claim: () => queue.claim({ workerId, limit: 100, leaseMs: LEASE_MS }),
    beat: () => store.workers.beat(workerId),
    renew: (claims: readonly Claim[]) => queue.renew({ workerId, leaseMs: LEASE_MS, holds: claims }),
    start: (claims: readonly Claim[]) =>
      store.tasks.startMany(
        claims.map(({ taskId, attempt }) => ({ taskId, attempt: attempt ?? 0 })),
        workerId,
      ),
    succeed: (id: number, taskId: string, attempt: number) =>
      store.tasks.recordOutcomes([
        {
          ...{ id, taskId, attempt, workerId, outcome: 'succeeded', status: 'success', resultJson: '"late"' },
          ...{ errorMessage: null, errorCode: null, retryCount: 0, crashCount: 0, delayMs: null },
        },
      ]),
  };
}
