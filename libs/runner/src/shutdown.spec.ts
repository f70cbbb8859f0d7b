import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, signal } from '@millrace/testing';
import { WorkerStopping } from './abort-reasons';
import { handlerOf, openWorkbench, type Workbench } from './worker.fixture';

describe('a worker that is told to stop', () => {
  let bench: Workbench;

  beforeAll(async () => {
    bench = await openWorkbench();
  });

  afterAll(() => bench.close());

  it('finishes what runs, takes nothing more, and leaves no trace in Redis', async () => {
    const started = signal();
    const finish = signal();
    const worker = await bench.startWorker([
      handlerOf('finish', async () => {
        started.fire();
        await finish.wait(20_000);
        return 'finished';
      }),
    ]);
    const { taskId } = await bench.submitter.submit('finish', {});
    await started.wait();

    const stopped = worker.stop();
    const late = await bench.submitter.submit('finish', {});
    finish.fire();
    await stopped;

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success', result: 'finished', attempt: 1 });
    expect((await bench.queries.findByTaskId(late.taskId))?.status).toBe('pending');
    expect(await bench.queues.of('default').depth()).toMatchObject({ processing: 0, ready: 1 });
  });

  it('hands back a start that was committed without its answer having arrived', async () => {
    const worker = await bench.startWorker([handlerOf('unheard', () => 'ran')], { queues: new Map([['unheard', 1]]) });
    // The look for strays that each worker begins with is over when a second task has run.
    for (let count = 0; count < 2; count += 1) {
      const ran = await bench.submitter.submit('unheard', {}, { queue: 'unheard' });
      await bench.rowWhen(ran.taskId);
    }
    const { taskId } = await bench.submitter.submit('of_nobody', {}, { queue: 'of_nobody' });
    await bench.store.tasks.startMany([{ taskId, attempt: 0 }], worker.worker.id);

    await worker.stop();

    expect(await bench.queries.findByTaskId(taskId)).toMatchObject({ status: 'pending', attempt: 1, crashCount: 0 });
  });

  it('goes on renewing while it waits, so that nobody takes its tasks', async () => {
    const started = signal();
    const finish = signal();
    const worker = await bench.startWorker(
      [
        handlerOf('slow_end', async () => {
          started.fire();
          await finish.wait(20_000);
          return 'in time';
        }),
      ],
      { queues: new Map([['slow_end', 1]]), leaseMs: 1_000 },
    );
    const { taskId } = await bench.submitter.submit('slow_end', {}, { queue: 'slow_end' });
    await started.wait();

    const stopped = worker.stop();
    const renewed = await leaseRenewals(bench, 'slow_end', 3);
    finish.fire();
    await stopped;

    expect(renewed).toBe(3);
    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success', attempt: 1 });
  });

  it('aborts what does not finish in time and hands it back without spending a retry', async () => {
    const reasons: unknown[] = [];
    const started = signal();
    const stubborn = handlerOf('stubborn', (_payload, { signal: aborted, attempt }) => {
      if (attempt > 1) return 'the second time';
      started.fire();
      return new Promise((_, reject) => {
        aborted.addEventListener('abort', () => {
          reasons.push(aborted.reason);
          reject(aborted.reason as Error);
        });
      });
    });
    const queues = new Map([['stubborn', 1]]);
    const first = await bench.startWorker([stubborn], { queues, shutdownTimeoutMs: 200 });
    const { taskId } = await bench.submitter.submit('stubborn', {}, { queue: 'stubborn', maxRetry: 0 });
    await started.wait();
    const second = await bench.startWorker([stubborn], { queues });

    await first.stop();

    expect(reasons).toEqual([expect.any(WorkerStopping)]);
    const row = await bench.rowWhen(taskId);
    expect(row).toMatchObject({
      status: 'success',
      attempt: 2,
      retryCount: 0,
      crashCount: 0,
      workerId: second.worker.id,
    });
    const attempts = await bench.store.attempts.ofTask(taskId);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['interrupted', 'succeeded']);
    await second.stop();
  });

  it('does not wait for running tasks once the shutdown is hastened', async () => {
    const started = signal();
    const worker = await bench.startWorker(
      [
        handlerOf('endless', (_payload, { signal: aborted }) => {
          started.fire();
          return new Promise((_, reject) => aborted.addEventListener('abort', () => reject(aborted.reason as Error)));
        }),
      ],
      { queues: new Map([['endless', 1]]), shutdownTimeoutMs: 600_000 },
    );
    const { taskId } = await bench.submitter.submit('endless', {}, { queue: 'endless' });
    await started.wait();

    const stopped = worker.stop();
    worker.shutdown.hasten();
    await stopped;

    expect((await bench.queries.findByTaskId(taskId))?.status).toBe('pending');
    expect((await bench.store.attempts.ofTask(taskId)).at(-1)).toMatchObject({ attempt: 1, outcome: 'interrupted' });
  });

  it('hands back what a deaf handler will not let go of', async () => {
    const started = signal();
    const worker = await bench.startWorker(
      [
        handlerOf('deaf', () => {
          started.fire();
          return new Promise(() => undefined);
        }),
      ],
      { queues: new Map([['deaf', 1]]), shutdownTimeoutMs: 0 },
    );
    const { taskId } = await bench.submitter.submit('deaf', {}, { queue: 'deaf' });
    await started.wait();

    await worker.stop();

    expect(await bench.queries.findByTaskId(taskId)).toMatchObject({ status: 'pending', attempt: 1, crashCount: 0 });
  });
});

/** Counts how often the one lease of a queue is renewed, up to `wanted`. */
async function leaseRenewals(bench: Workbench, queue: string, wanted: number): Promise<number> {
  const seen = new Set<number>();
  await eventually(async () => {
    const [hold] = await bench.queues.of(queue).repair.expired({ graceMs: -600_000, limit: 1 });
    if (hold?.expiresAtMs) seen.add(hold.expiresAtMs);
    if (seen.size <= wanted) throw new Error(`renewed ${seen.size - 1} times`);
  }, 20_000);
  return seen.size - 1;
}
