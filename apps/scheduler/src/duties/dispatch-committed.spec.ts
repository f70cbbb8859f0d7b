import { LoopWatch, Metrics } from '@millrace/runtime';
import { StoreOptions, SubmitNotices } from '@millrace/store';
import { eventually, type TestDatabase, type TestRedis } from '@millrace/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { withStores, type OpenStores } from '../../../../libs/tasks/src/stores.fixture';
import { DispatchCommitted } from './dispatch-committed';
import { dutiesOf, forgetAll } from './duties.fixture';
import { DutyLoops } from '@millrace/scheduling';

let database: TestDatabase;
let redis: TestRedis;
let stores: OpenStores;
const replicas = new Set<() => Promise<void>>();

withStores((opened) => {
  stores = opened;
  ({ database, redis } = opened);
});

afterAll(async () => {
  for (const stop of replicas) await stop();
});

/** One replica with this duty alone, at work. */
async function startReplica(name: string) {
  const notices = new SubmitNotices(new StoreOptions({ databaseUrl: database.url, applicationName: name }));
  const duty = new DispatchCommitted(notices, stores.store.queries, stores.access.queues);
  const loops = new DutyLoops([duty], new Metrics(), new LoopWatch());
  loops.onApplicationBootstrap();
  const stop = async () => {
    replicas.delete(stop);
    await loops.beforeApplicationShutdown();
    await notices.onApplicationShutdown();
  };
  replicas.add(stop);
  await eventually(() => expect(loops.stats()[0]?.runs).toBeGreaterThan(0));
  return { loops, stop };
}

const submitMany = (count: number) =>
  stores.store.dataSource.transaction((manager) =>
    stores.submitter.submitMany(
      Array.from({ length: count }, (_, n) => ({ type: 'noop', payload: n })),
      { manager },
    ),
  );

const readyCount = async () => (await stores.access.queues.of('default').depth()).ready;

describe('a task of a committed transaction', () => {
  it('is queued at once, by however many replicas hear of it, once', async () => {
    const [first, second] = [await startReplica('one'), await startReplica('two')];

    await submitMany(250);
    await eventually(async () => expect(await readyCount()).toBe(250));
    const committedAtMs = performance.now();
    await submitMany(1);
    await eventually(async () => expect(await readyCount()).toBe(251));
    // Ten times what it usually takes; the repair would take two seconds.
    expect(performance.now() - committedAtMs).toBeLessThan(1_000);

    await eventually(() => {
      const counts = [first, second].map(({ loops }) => loops.stats()[0]?.totals['dispatched'] ?? 0);
      expect(counts.reduce((sum, n) => sum + n, 0)).toBe(251);
    });
    await first.stop();
    await second.stop();
  });

  it('that is due later waits in the delayed set', async () => {
    await forgetAll(redis);
    const { stop } = await startReplica('delays');

    await stores.store.dataSource.transaction((manager) =>
      stores.submitter.submit('noop', null, { manager, delay: '1h' }),
    );

    await eventually(async () => expect((await stores.access.queues.of('default').depth()).delayed).toBe(1));
    await stop();
  });

  it('is queued after the connection that listens was cut, without help', async () => {
    await forgetAll(redis);
    const { stop } = await startReplica('cut');
    await stores.store.dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut-notices'`,
    );

    await eventually(async () => {
      await submitMany(1);
      expect(await readyCount()).toBeGreaterThan(0);
    }, 15_000);
    await stop();
  });

  it('whose notice nobody heard is found by the repair', async () => {
    await stores.store.dataSource.query('DELETE FROM tasks_pending');
    await forgetAll(redis);
    await submitMany(3);
    expect(await readyCount()).toBe(0);

    await stores.store.dataSource.query(
      `UPDATE tasks_pending SET run_at = run_at - interval '2 s', updated_at = updated_at - interval '2 s'`,
    );
    expect(await dutiesOf(stores).requeueFresh.runOnce()).toEqual({ dispatched: 3, requeued: 0 });
    expect(await readyCount()).toBe(3);
  });
});
