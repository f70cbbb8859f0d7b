import { Queues } from '@millrace/queue';
import { LoopWatch } from '@millrace/runtime';
import { eventually, signal } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { handlerOf, openWorkbench, type Workbench } from './worker.fixture';

describe('the loops of a worker', () => {
  let bench: Workbench;

  beforeAll(async () => {
    bench = await openWorkbench();
  });

  afterAll(() => bench.close());

  it('are all seen to turn, and none of them after its end', async () => {
    const worker = await bench.startWorker([handlerOf('live', () => 1)], { leaseMs: 1_000, pollIntervalMs: 200 });
    const watch = worker.app.get(LoopWatch);
    const names = [
      'claim',
      'promote default',
      'renew-leases',
      'renewal-thread',
      'watch-cancels',
      'beat',
      'find-strays',
    ];

    await eventually(async () => {
      const { loops } = await worker.worker.stats();
      expect(loops.filter(({ turns }) => turns > 0).map(({ name }) => name)).toEqual(expect.arrayContaining(names));
      expect(loops).toHaveLength(names.length);
    });
    expect(watch.silent()).toEqual([]);

    await worker.stop();
    expect(watch.reports()).toEqual([]);
  });

  it('do not hold up the end of a worker when one of them is stuck', async () => {
    const worker = await bench.startWorker([handlerOf('stuck', () => 1)], { leaseMs: 1_000 });
    const queue = worker.app.get(Queues).of('default');
    const isBlocked = signal();
    queue.claim = () => {
      isBlocked.fire();
      return new Promise(() => undefined);
    };
    await isBlocked.wait();

    await worker.stop();

    const live = await bench.store.workers.live(60_000);
    expect(live.map(({ workerId }) => workerId)).not.toContain(worker.worker.id);
  });

  it('tell of a worker that is alive but takes nothing any more', async () => {
    const worker = await bench.startWorker([handlerOf('deaf', () => 1)], { leaseMs: 1_000, pollIntervalMs: 200 });
    const watch = worker.app.get(LoopWatch);
    const queue = worker.app.get(Queues).of('default');
    const claim = queue.claim.bind(queue);
    let release = (): void => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    onTestFinished(() => release());
    const isBlocked = signal();

    // An answer that never comes, as from a library that lost track of its call.
    queue.claim = async (what) => {
      isBlocked.fire();
      await blocked;
      return claim(what);
    };
    await isBlocked.wait();

    expect(watch.silent()).toEqual([]);
    const turnsOf = (name: string) => watch.reports().find((loop) => loop.name === name)?.turns ?? 0;
    const before = { claim: turnsOf('claim'), renewals: turnsOf('renew-leases'), thread: turnsOf('renewal-thread') };
    await eventually(async () => {
      expect(turnsOf('renew-leases')).toBeGreaterThan(before.renewals + 1);
      expect(turnsOf('renewal-thread')).toBeGreaterThan(before.thread + 1);
    });
    const claimAgeMs = watch.reports().find(({ name }) => name === 'claim')?.ageMs ?? 0;
    // As much later as it takes to tell the silent loop from those that turned meanwhile.
    const silent = watch.silent(performance.now() + 60_000 - claimAgeMs + 1).map(({ name }) => name);
    expect(silent).toEqual(['claim']);

    release();
    await eventually(async () => expect(turnsOf('claim')).toBeGreaterThan(before.claim));
    await worker.stop();
  });
});
