import { eventually } from '@millrace/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Claim } from '@millrace/queue';
import { ClaimLoop, type ClaimTimes } from './claim-loop';
import { Slots } from './slots';
import { openWorkbench, type Workbench } from './worker.fixture';

describe('the claim loop', () => {
  let bench: Workbench;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    bench = await openWorkbench();
  });

  afterEach(() => stop());
  afterAll(() => bench.close());

  /** A loop that has found its queues empty and waits for work. */
  async function waitingLoop(
    slots: number,
    queues: readonly string[],
    onTake: (waits: () => number) => void = () => undefined,
  ) {
    const taken: { readonly claim: Claim; readonly times: ClaimTimes }[] = [];
    const places = new Slots(slots);
    const stopping = new AbortController();
    const waits = queues.map((queue) => vi.spyOn(bench.queues.of(queue), 'waitForWork'));
    const claimingWaits = queues.map((queue) => vi.spyOn(bench.queues.of(queue), 'claimWhenReady'));
    const claims = queues.map((queue) => vi.spyOn(bench.queues.of(queue), 'claim'));
    const loop = new ClaimLoop(
      {
        workerId: `loop-${queues.join('-')}`,
        leaseMs: 30_000,
        queues: new Map(queues.map((queue) => [queue, 1])),
        stalled: () => false,
        take: (claimed, times) => {
          places.take(claimed.length);
          taken.push(...claimed.map((claim) => ({ claim, times })));
          onTake(() => claimingWaits.reduce((sum, { mock }) => sum + mock.calls.length, 0));
        },
        turned: () => undefined,
      },
      bench.queues,
      places,
    );
    const running = loop.run(stopping.signal);
    stop = async () => {
      stopping.abort();
      await running;
      vi.restoreAllMocks();
    };
    await eventually(() => expect([...waits, ...claimingWaits].some((wait) => wait.mock.calls.length > 0)).toBe(true));
    /** What was claimed by calls of their own. */
    const claimedApart = async () =>
      (
        await Promise.all(claims.flatMap(({ mock }) => mock.results.map(({ value }) => value as Promise<Claim[]>)))
      ).flat();
    return { taken, claimedApart };
  }

  it('claims a lone task together with the end of its wait, under a lease that counts from before the wait', async () => {
    const { taken, claimedApart } = await waitingLoop(10, ['lone']);
    const submittedAtMs = performance.now();
    const { taskId } = await bench.submitter.submit('x', {}, { queue: 'lone' });

    await eventually(() => expect(taken.map(({ claim }) => claim.taskId)).toEqual([taskId]));

    expect(await claimedApart()).toEqual([]);
    expect(taken[0]?.times.leasedFromMs).toBeLessThan(submittedAtMs);
    expect(taken[0]?.times.claimedAtMs).toBeGreaterThan(submittedAtMs);
  });

  it('lets what has ended a wait go on its way before it waits again', async () => {
    const seen: { readonly before: number; readonly whenOnItsWay: number }[] = [];
    const goesOn = async (waits: () => number) => {
      const before = waits();
      for (let steps = 0; steps < 50; steps += 1) await Promise.resolve();
      await new Promise<void>((resolve) => process.nextTick(resolve));
      seen.push({ before, whenOnItsWay: waits() });
    };
    const { taken } = await waitingLoop(10, ['way'], (waits) => void goesOn(waits));

    await bench.submitter.submit('x', {}, { queue: 'way' });

    await eventually(() => expect([taken.length, seen.length]).toEqual([1, 1]));
    expect(seen[0]?.whenOnItsWay).toBe(seen[0]?.before);
  });

  it('claims all that a burst brings, beyond what comes with the end of the wait', async () => {
    const { taken } = await waitingLoop(200, ['burst']);

    await bench.submitter.submitMany(
      Array.from({ length: 150 }, () => ({ type: 'x', payload: {}, options: { queue: 'burst' } })),
    );

    await eventually(() => expect(taken).toHaveLength(150));
  });

  it('claims no more than there are slots when several queues get work at once', async () => {
    const { taken } = await waitingLoop(1, ['one', 'two']);

    await Promise.all(['one', 'two'].map((queue) => bench.submitter.submit('x', {}, { queue })));

    await eventually(() => expect(taken).toHaveLength(1));
    await stop();
    expect(taken).toHaveLength(1);
  });
});
