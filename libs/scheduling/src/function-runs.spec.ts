import { recordStarted, ScheduleControl, TaskControl, TaskNotRetryable } from '@millrace/tasks';
import { eventually, signal } from '@millrace/testing';
import { describe, expect, it } from 'vitest';
import { replica, type OpenStores, type Replica, withStores } from './scheduling.fixture';
import type { ExclusiveOptions } from './scheduler.service';
import type { Fire } from './timed-job';

let stores: OpenStores;
withStores((opened) => (stores = opened));

/** Asks until the answer is not null. */
const until = <T>(ask: () => Promise<T | null>): Promise<T> =>
  eventually(async () => {
    const answer = await ask();
    if (answer === null) throw new Error('not yet');
    return answer;
  }, 15_000);

const EVERY_SECOND = '* * * * * *';

/** One slot, and no more. */
const ONCE: ExclusiveOptions = { exclusive: true, maxRuns: 1 };

/** A replica whose function is recorded and whose process was seen. */
async function replicaWith(
  name: string,
  fn: (fire: Fire) => unknown,
  { leaseMs = 30_000, ...options }: Partial<ExclusiveOptions> & { readonly leaseMs?: number } = {},
): Promise<Replica> {
  const started = replica(stores, undefined, { leaseMs });
  started.scheduler.addFunc(EVERY_SECOND, name, fn, { ...ONCE, ...options });
  await started.declare.runOnce();
  await started.functions.hold();
  return started;
}

const runsOf = async (name: string) => {
  const page = { page: 1, pageSize: 100 };
  return (await stores.store.queries.list({ status: 'all', type: `scheduled:${name}` }, page)).items;
};

/** Fires until the function has so many runs; answers them, latest first. */
const fireUntil = (name: string, replicas: readonly Replica[], count = 1) =>
  until(async () => {
    await Promise.all(replicas.map(({ fire }) => fire.runOnce()));
    const runs = await runsOf(name);
    return runs.length >= count ? runs : null;
  });

const ended = (name: string) =>
  until(async () => {
    const [run] = await runsOf(name);
    return run && run.status !== 'processing' ? run : null;
  });

const controls = () => {
  const { tasks, queries, schedules } = stores.store;
  return {
    tasks: new TaskControl(tasks, queries, stores.access.queues, stores.access.cancels),
    schedules: new ScheduleControl(schedules, tasks, stores.submitter, stores.policy),
  };
};

/** Everything that a queue may have of tasks. */
const depth = async () => {
  const { ready, delayed, processing } = await stores.access.queues.of('scheduler').depth();
  return ready + delayed + processing;
};

describe('an exclusive function', () => {
  it('runs once a slot among all replicas, and each run is a task with its result', async () => {
    const fires: Fire[] = [];
    const replicas = await Promise.all(
      [1, 2, 3].map(() =>
        replicaWith('shared', (fire) => ({ at: fire.slotAt, run: fires.push(fire) }), { maxRuns: 3 }),
      ),
    );

    await fireUntil('shared', replicas, 3);
    await until(async () => ((await runsOf('shared')).every(({ status }) => status === 'success') ? true : null));

    const runs = await runsOf('shared');
    expect(fires.map(({ slotAt }) => slotAt.getTime()).sort()).toEqual(
      runs.map(({ slotAt }) => slotAt?.getTime()).sort(),
    );
    for (const { result, slotAt, attempt, startedAt, finishedAt, workerId } of runs) {
      expect(result).toMatchObject({ at: slotAt?.toISOString() });
      expect([attempt, workerId]).toEqual([1, expect.stringMatching(/^scheduler-/)]);
      expect((finishedAt?.getTime() ?? 0) - (startedAt?.getTime() ?? Infinity)).toBeGreaterThanOrEqual(0);
    }
    expect(await stores.store.queries.countByStatus({ type: 'scheduled:shared' })).toMatchObject({
      ...{ pending: 0, processing: 0, success: 3 },
    });
    const [stats] = replicas.flatMap(({ scheduler }) => scheduler.stats()).filter(({ previousRunAt }) => previousRunAt);
    expect(stats).toMatchObject({ kind: 'func', running: false, failures: 0, lastError: null });
  });

  it('fails with what it threw, was never queued, and is not retried', async () => {
    const one = await replicaWith('throws', () => Promise.reject(new Error('no ink')));

    await fireUntil('throws', [one]);
    const run = await ended('throws');

    expect(run).toMatchObject({ status: 'failed', errorCode: 'handler_error', errorMessage: 'no ink' });
    await expect(controls().tasks.retry(run.taskId)).rejects.toThrow(TaskNotRetryable);
    expect(await depth()).toBe(0);
    expect(one.scheduler.stats()).toMatchObject([{ failures: 1, lastError: 'no ink' }]);
  });

  it('never runs twice at a time: slots that come meanwhile are skipped, in every replica', async () => {
    const [begun, go] = [signal(), signal()];
    const slow = async () => (begun.fire(), go.wait(30_000));
    const replicas = await Promise.all([1, 2].map(() => replicaWith('slow', slow, { maxRuns: 100 })));
    await fireUntil('slow', replicas);
    await begun.wait();

    const skipped = await until(async () => {
      await Promise.all(replicas.map(({ fire }) => fire.runOnce()));
      const { id = 0 } = (await stores.store.schedules.findByName('slow')) ?? {};
      const slots = await stores.store.schedules.runs(id, { limit: 10 });
      return slots.filter(({ outcome }) => outcome === 'skipped').length > 1 ? slots : null;
    });

    expect(skipped.filter(({ outcome }) => outcome === 'submitted')).toHaveLength(1);
    go.fire();
    await ended('slow');
    await stores.store.schedules.pause({ name: 'slow' }, { reason: null, actor: 'test' });
  });

  it('is told by its signal that its run was given up, and its late outcome changes nothing', async () => {
    const told = signal<unknown>();
    const one = await replicaWith('superseded', async ({ signal: mine }) => {
      await new Promise((resolve) => mine.addEventListener('abort', resolve));
      told.fire(mine.reason);
      return 'late';
    });
    const [run] = await fireUntil('superseded', [one]);
    await stores.store.tasks.rescueIfProcessing([
      { taskId: run?.taskId ?? '', attempt: 1, workerId: one.functions.workerId, crashLimit: 1 },
    ]);

    await one.functions.hold();

    expect(await told.wait()).toMatchObject({ message: expect.stringContaining('given up') as string });
    await until(async () => (one.scheduler.stats()[0]?.running === false ? true : null));
    expect(await ended('superseded')).toMatchObject({ status: 'failed', errorCode: 'worker_crashed', result: null });
  });

  it('hears of a cancel, and of its timeout', async () => {
    const untilAborted = ({ signal: mine }: Fire) =>
      new Promise((_resolve, reject) => mine.addEventListener('abort', () => reject(mine.reason as Error)));
    const cancelled = await replicaWith('cancelled', untilAborted);
    const timed = await replicaWith('timed', untilAborted, { timeout: '20ms' });
    const [run] = await fireUntil('cancelled', [cancelled]);
    await fireUntil('timed', [timed]);

    await controls().tasks.cancel(run?.taskId ?? '');
    await cancelled.functions.hold();

    expect(await ended('cancelled')).toMatchObject({ status: 'cancelled', errorCode: 'cancelled' });
    expect(await ended('timed')).toMatchObject({ status: 'failed', errorCode: 'timeout' });
  });

  it('is asked to end at the stop of its scheduler, which leaves the next slots to others', async () => {
    const one = await replicaWith(
      'stopped',
      ({ signal: mine }) =>
        new Promise((_resolve, reject) => mine.addEventListener('abort', () => reject(new Error()))),
      { maxRuns: 2 },
    );
    await fireUntil('stopped', [one]);

    await one.scheduler.stop();

    expect(await ended('stopped')).toMatchObject({ status: 'failed', errorCode: 'worker_crashed' });
    expect((await stores.store.workers.live(60_000)).map(({ workerId }) => workerId)).not.toContain(
      one.functions.workerId,
    );
    const other = await replicaWith('stopped', () => 'done', { maxRuns: 2 });
    await until(async () => {
      await Promise.all([one.fire.runOnce(), other.fire.runOnce()]);
      return (await runsOf('stopped'))[0]?.status === 'success' ? true : null;
    });
  });

  it('runs when an operator asks for a run now', async () => {
    const one = await replicaWith('on-demand', () => 'ran', { startsAt: new Date('2126-01-01T00:00:00Z') });

    await controls().schedules.trigger('on-demand', 'ann');
    await one.release.runOnce();

    expect(await ended('on-demand')).toMatchObject({ status: 'success', result: 'ran' });
  });

  it('is not begun when its process stood still for a lease after it took the slot', async () => {
    let ran = 0;
    const one = await replicaWith('late', () => (ran += 1), { leaseMs: -1 });

    await fireUntil('late', [one]);

    expect(await ended('late')).toMatchObject({ status: 'failed', errorCode: 'worker_crashed' });
    expect(ran).toBe(0);
  });

  it('fails a run whose slot was committed without an answer', async () => {
    const one = await replicaWith('unheard', () => undefined, { leaseMs: 0 });
    const parts = { tasks: stores.store.tasks, policy: stores.policy };
    const { taskId } = await recordStarted(parts, { type: 'scheduled:unheard', payload: {} }, one.functions.workerId);

    await until(async () => ((await one.functions.hold()).lost === 1 ? true : null));

    expect(await stores.store.queries.findByTaskId(taskId)).toMatchObject({
      ...{ status: 'failed', errorCode: 'worker_crashed' },
    });
  });
});

describe('a recorded function of each replica', () => {
  const recordedIn = (name: string, fn: (fire: Fire) => unknown) => {
    const one = replica(stores);
    one.scheduler.addInterval('20ms', name, fn, { recorded: true });
    one.scheduler.start();
    return one;
  };

  it('has a task for each run in each replica, with its result or its error', async () => {
    let count = 0;
    const replicas = [1, 2].map(() =>
      recordedIn('each', () => {
        if ((count += 1) % 2 === 0) throw new Error('every other time');
        return count;
      }),
    );

    const runs = await until(async () => {
      const found = (await runsOf('each')).filter(({ status }) => status !== 'processing');
      return found.length > 3 && new Set(found.map(({ workerId }) => workerId)).size === 2 ? found : null;
    });
    await Promise.all(replicas.map(({ scheduler }) => scheduler.stop()));

    for (const { status, result, errorMessage, attempt } of runs) {
      if (status === 'success') expect(result).toBeTypeOf('number');
      else expect([status, errorMessage]).toEqual(['failed', 'every other time']);
      expect(attempt).toBe(1);
    }
    const stats = replicas.flatMap(({ scheduler }) => scheduler.stats());
    const total = (what: 'runs' | 'failures') => stats.reduce((sum, job) => sum + job[what], 0);
    expect(total('runs')).toBeGreaterThan(total('failures'));
    expect(total('failures')).toBeGreaterThan(0);
    expect(await depth()).toBe(0);
    const live = (await stores.store.workers.live(60_000)).map(({ workerId }) => workerId);
    for (const { functions } of replicas) expect(live).not.toContain(functions.workerId);
  });

  it('is told to stop by its signal, and by a cancel', async () => {
    const one = recordedIn(
      'waits',
      ({ signal: mine }) =>
        new Promise((_resolve, reject) => mine.addEventListener('abort', () => reject(new Error()))),
    );
    const [first] = await until(async () => {
      const runs = await runsOf('waits');
      return runs.length > 0 ? runs : null;
    });

    await controls().tasks.cancel(first?.taskId ?? '');
    await one.functions.hold();
    await until(async () => ((await runsOf('waits')).some(({ status }) => status === 'cancelled') ? true : null));
    await until(async () => ((await runsOf('waits')).some(({ status }) => status === 'processing') ? true : null));
    await one.scheduler.stop();

    expect(await ended('waits')).toMatchObject({ status: 'failed', errorCode: 'worker_crashed' });
  });
});

describe('an exclusive interval', () => {
  it('runs at the multiples of its interval, and refuses less than a second', async () => {
    const one = replica(stores);
    one.scheduler.addInterval('1s', 'beat', ({ slotAt }) => slotAt.getTime() % 1_000, ONCE);
    await one.declare.runOnce();

    await fireUntil('beat', [one]);

    expect(await ended('beat')).toMatchObject({ status: 'success', result: 0 });
    expect(() => one.scheduler.addInterval('500ms', 'short', () => undefined, ONCE)).toThrow('every');
  });
});
