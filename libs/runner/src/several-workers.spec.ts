import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, signal } from '@millrace/testing';
import { dispatchOf } from '@millrace/tasks';
import { AttemptSuperseded } from './abort-reasons';
import { handlerOf, openWorkbench, type Workbench } from './worker.fixture';

describe('several workers', () => {
  let bench: Workbench;

  beforeAll(async () => {
    bench = await openWorkbench();
  });

  afterAll(() => bench.close());

  it('run every task exactly once between them', async () => {
    const starts = new Map<string, number>();
    const count = handlerOf('count', (_payload, { task }) => {
      starts.set(task.taskId, (starts.get(task.taskId) ?? 0) + 1);
    });
    const [first, second] = await Promise.all([bench.startWorker([count]), bench.startWorker([count])]);

    await bench.submitter.submitMany(Array.from({ length: 500 }, () => ({ type: 'count', payload: {} })));

    await eventually(async () => expect((await bench.queries.countByStatus()).success).toBe(500), 20_000);
    expect(starts.size).toBe(500);
    expect([...starts.values()].every((times) => times === 1)).toBe(true);
    const totals = [first, second].map(async ({ worker }) => (await worker.stats()).totals);
    const [one, two] = await Promise.all(totals);
    expect((one?.succeeded ?? 0) + (two?.succeeded ?? 0)).toBe(500);
    await Promise.all([first.stop(), second.stop()]);
  });

  it('serve the queues they are told to, and no others', async () => {
    const where = handlerOf('where', () => 'ran');
    const { taskId } = await bench.submitter.submit('where', {}, { queue: 'mail' });
    const elsewhere = await bench.startWorker([where], { queues: new Map([['reports', 1]]) });
    const marker = await bench.submitter.submit('where', {}, { queue: 'reports' });
    await bench.rowWhen(marker.taskId);
    expect((await bench.queries.findByTaskId(taskId))?.status).toBe('pending');

    const mail = await bench.startWorker([where], { queues: new Map([['mail', 1]]) });

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success', workerId: mail.worker.id });
    await Promise.all([elsewhere.stop(), mail.stop()]);
  });

  it('take higher priorities first', async () => {
    const order: unknown[] = [];
    const go = signal();
    for (const priority of [0, 3, 9]) {
      await bench.submitter.submit('ordered', { priority }, { queue: 'ordered', priority });
    }
    const worker = await bench.startWorker(
      [
        handlerOf('ordered', (payload) => {
          order.push((payload as { priority: number }).priority);
          if (order.length === 3) go.fire();
        }),
      ],
      { queues: new Map([['ordered', 1]]), workers: 1 },
    );

    await go.wait();
    expect(order).toEqual([9, 3, 0]);
    await worker.stop();
  });

  it('abort an attempt whose task was given to another one, and its outcome changes nothing', async () => {
    const reasons: unknown[] = [];
    const finish = signal();
    const twice = handlerOf('twice', async (_payload, { attempt, signal: aborted }) => {
      if (attempt === 1) {
        await new Promise((resolve) => aborted.addEventListener('abort', resolve));
        reasons.push(aborted.reason);
        return 'too late';
      }
      await finish.wait(20_000);
      return 'the second';
    });
    const worker = await bench.startWorker([twice], { queues: new Map([['twice', 1]]), leaseMs: 1_000 });
    const { taskId } = await bench.submitter.submit('twice', {}, { queue: 'twice' });
    const row = await bench.rowWhen(taskId, ({ status }) => status === 'processing');

    await bench.store.tasks.rescueIfProcessing([{ taskId, attempt: 1, workerId: worker.worker.id, crashLimit: 3 }]);
    await bench.queues.of('twice').enqueue([dispatchOf({ ...row, attempt: 1 })]);

    await eventually(() => expect(reasons).toEqual([expect.any(AttemptSuperseded)]), 10_000);
    finish.fire();
    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success', result: 'the second', attempt: 2 });
    await eventually(async () => expect((await worker.worker.stats()).totals).toMatchObject({ superseded: 1 }));
    await worker.stop();
  });

  it('a worker that does not consume takes nothing and leaves no row', async () => {
    const idle = await bench.startWorker([handlerOf('idle', () => 'ran')], {
      enabled: false,
      queues: new Map([['idle', 1]]),
    });
    await bench.submitter.submit('idle', {}, { queue: 'idle' });

    expect(await idle.worker.stats()).toMatchObject({ enabled: false, totals: { claimed: 0 } });
    const live = await bench.store.workers.live(60_000);
    expect(live.map(({ workerId }) => workerId)).not.toContain(idle.worker.id);
    await idle.stop();
  });

  it('announce themselves with their types, and say goodbye', async () => {
    const worker = await bench.startWorker([
      handlerOf('announced', () => 1, { timeout: '30s', maxRetry: 7, description: 'Does something.' }),
    ]);
    const mine = async () =>
      (await bench.store.workers.live(60_000)).find(({ workerId }) => workerId === worker.worker.id);

    const row = await eventually(async () => {
      const found = await mine();
      if (!found) throw new Error('not registered yet');
      return found;
    });
    expect(row.types).toEqual([
      {
        type: 'announced',
        timeoutMs: 30_000,
        maxRetry: 7,
        retryDelayMs: 50,
        queue: 'default',
        description: 'Does something.',
      },
    ]);
    await worker.stop();
    expect(await mine()).toBeUndefined();
  });
});
