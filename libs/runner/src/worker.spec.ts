import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, signal } from '@millrace/testing';
import { NonRetryableError, RetryAfterError, SnoozeError } from '@millrace/tasks';
import { AttemptTimedOut, TaskCancelled } from './abort-reasons';
import { handlerOf, openWorkbench, type TestWorker, type Workbench } from './worker.fixture';

/** The path of a task through one worker, on real stores, whatever its handler does. */
describe('a worker', () => {
  let bench: Workbench;
  let worker: TestWorker;

  /** What the handlers of running tasks were aborted with, by task id. */
  const aborts = new Map<string, unknown>();

  beforeAll(async () => {
    bench = await openWorkbench();
    worker = await bench.startWorker([
      handlerOf('echo', (payload, { attempt, task }) => ({ payload, attempt, taskId: task.taskId })),
      handlerOf('fail', (payload) => {
        throw new Error(`no luck with ${JSON.stringify(payload)}`);
      }),
      handlerOf('fail_once', (_payload, { attempt }) => {
        if (attempt === 1) throw new Error('the first time');
        return { attempt };
      }),
      handlerOf('hopeless', () => {
        throw new NonRetryableError('no use');
      }),
      handlerOf('later', (_payload, { attempt }) => {
        if (attempt === 1) throw new RetryAfterError('300ms', 'too busy');
        return { attempt };
      }),
      handlerOf('snooze', (_payload, { attempt }) => {
        if (attempt < 3) throw new SnoozeError('10ms');
        return { attempt };
      }),
      handlerOf(
        'hang',
        (_payload, { signal: aborted, task }) =>
          new Promise((_, reject) => {
            aborted.addEventListener('abort', () => {
              aborts.set(task.taskId, aborted.reason);
              reject(aborted.reason as Error);
            });
          }),
        { timeout: '10m' },
      ),
      handlerOf(
        'impatient',
        (_payload, { signal: aborted }) =>
          new Promise((_, reject) => aborted.addEventListener('abort', () => reject(aborted.reason as Error))),
        { timeout: '100ms' },
      ),
      handlerOf('finishes_after_cancel', (_payload, { signal: aborted }) => {
        return new Promise((resolve) => aborted.addEventListener('abort', () => resolve('done all the same')));
      }),
      handlerOf('parent', async (_payload, { submit, task }) => {
        const child = await submit('echo', { parent: task.taskId });
        return { child: child.taskId };
      }),
    ]);
  });

  afterAll(() => bench.close());

  it('runs a submitted task and records what its handler returned', async () => {
    const { taskId } = await bench.submitter.submit('echo', { a: 1 });

    const row = await bench.rowWhen(taskId);
    expect(row).toMatchObject({ status: 'success', attempt: 1, retryCount: 0, errorCode: null });
    expect(row.result).toEqual({ payload: { a: 1 }, attempt: 1, taskId });
    expect(row.workerId).toBe(worker.worker.id);
  });

  it('starts a lone task within a moment of its submit', async () => {
    const { taskId } = await bench.submitter.submit('echo', {});

    const row = await bench.rowWhen(taskId);
    expect((row.startedAt?.getTime() ?? 0) - row.createdAt.getTime()).toBeLessThan(500);
  });

  it('retries what fails, and then records the failure', async () => {
    const { taskId } = await bench.submitter.submit('fail', { n: 7 }, { maxRetry: 2, retryDelay: 10 });

    const row = await bench.rowWhen(taskId);
    expect(row).toMatchObject({ status: 'failed', attempt: 3, retryCount: 2, errorCode: 'handler_error' });
    expect(row.errorMessage).toBe('no luck with {"n":7}');
    const attempts = await bench.store.attempts.ofTask(taskId);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed']);
  });

  it('a success after a failure leaves no error', async () => {
    const { taskId } = await bench.submitter.submit('fail_once', {}, { retryDelay: 10 });

    expect(await bench.rowWhen(taskId)).toMatchObject({
      status: 'success',
      attempt: 2,
      retryCount: 1,
      errorCode: null,
    });
  });

  it('an error that no retry can help ends the task at once', async () => {
    const { taskId } = await bench.submitter.submit('hopeless', {});

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'failed', attempt: 1, errorCode: 'non_retryable' });
  });

  it('a handler chooses when it is retried', async () => {
    const { taskId } = await bench.submitter.submit('later', {}, { retryDelay: '1h' });

    const row = await bench.rowWhen(taskId);
    expect(row).toMatchObject({ status: 'success', attempt: 2, retryCount: 1 });
    expect((row.startedAt?.getTime() ?? 0) - row.createdAt.getTime()).toBeGreaterThanOrEqual(200);
  });

  it('a snooze spends no retry', async () => {
    const { taskId } = await bench.submitter.submit('snooze', {}, { maxRetry: 0 });

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success', attempt: 3, retryCount: 0 });
  });

  it("the task's timeout aborts the handler and fails the attempt", async () => {
    const { taskId } = await bench.submitter.submit('hang', {}, { timeout: 150, maxRetry: 0 });

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'failed', errorCode: 'timeout' });
    expect(aborts.get(taskId)).toBeInstanceOf(AttemptTimedOut);
  });

  it("a task that names no timeout has its handler's", async () => {
    const { taskId } = await bench.submitter.submit('impatient', {}, { maxRetry: 0 });

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'failed', errorCode: 'timeout' });
  });

  it('a cancel aborts the running handler', async () => {
    const { taskId } = await bench.submitter.submit('hang', {});
    await bench.rowWhen(taskId, ({ status }) => status === 'processing');

    await bench.control.cancel(taskId);

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'cancelled', errorCode: 'cancelled', attempt: 1 });
    expect(aborts.get(taskId)).toBeInstanceOf(TaskCancelled);
  });

  it('a success beats a cancel', async () => {
    const { taskId } = await bench.submitter.submit('finishes_after_cancel', {});
    await bench.rowWhen(taskId, ({ status }) => status === 'processing');

    await bench.control.cancel(taskId);

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success', result: 'done all the same' });
  });

  it('a cancelled task that is retried starts again, with the next attempt', async () => {
    const { taskId } = await bench.submitter.submit('hang', {});
    await bench.rowWhen(taskId, ({ status }) => status === 'processing');
    await bench.control.cancel(taskId);
    await bench.rowWhen(taskId);

    await bench.control.retry(taskId);

    await bench.rowWhen(taskId, ({ status, attempt }) => status === 'processing' && attempt === 2);
    await bench.control.cancel(taskId);
    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'cancelled', attempt: 2 });
  });

  it('a handler submits tasks of its own, which carry its trace', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { taskId } = await bench.submitter.submit('parent', {}, { trace: { traceparent } });

    const { result } = await bench.rowWhen(taskId);
    const child = await bench.rowWhen((result as { child: string }).child);
    expect(child).toMatchObject({
      status: 'success',
      type: 'echo',
      payload: { parent: taskId },
      trace: { traceparent },
    });
  });

  it('a delayed task starts when it is due, not a poll interval later', async () => {
    const { taskId } = await bench.submitter.submit('echo', {}, { delay: 700 });

    const row = await bench.rowWhen(taskId);
    const lateMs = (row.startedAt?.getTime() ?? 0) - row.runAt.getTime();
    expect(lateMs).toBeGreaterThanOrEqual(-100);
    expect(lateMs).toBeLessThan(1_000);
  });

  it('records and runs what was put into Redis without a row', async () => {
    const { id: now } = await bench.client.submit('echo', { raw: true }, { maxRetry: 1 });
    const { id: soon } = await bench.client.submitIn('200ms', 'echo', { raw: 'soon' });

    expect(await bench.rowWhen(now)).toMatchObject({ status: 'success', payload: { raw: true }, maxRetry: 1 });
    expect(await bench.rowWhen(soon)).toMatchObject({ status: 'success', payload: { raw: 'soon' } });
  });

  it('a task that expired before its start fails without running', async () => {
    const { taskId } = await bench.submitter.submit('echo', {}, { delay: 400, expiresAt: new Date(Date.now() + 100) });

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'failed', errorCode: 'expired', attempt: 0 });
  });

  it('a type that nobody serves stays pending, spends nothing and is counted', async () => {
    const before = (await worker.worker.stats()).totals.unroutable;
    const { taskId } = await bench.submitter.submit('unheard_of', {});
    const { id: raw } = await bench.client.submit('unheard_of', {});

    await bench.rowWhen(raw, ({ status }) => status === 'pending');
    const row = await bench.rowWhen(taskId, ({ status }) => status === 'pending');
    expect(row).toMatchObject({ attempt: 0, retryCount: 0 });
    expect((await worker.worker.stats()).totals.unroutable).toBeGreaterThan(before);
  });

  it.each(['echo', 'unheard_of'])('a raw submit of %s that no row can hold is set aside', async (type) => {
    const rule = `CHECK (user_id <> 'unheard of')`;
    await bench.store.dataSource.query(`ALTER TABLE tasks_pending ADD CONSTRAINT spec ${rule}`);
    const { bad } = await bench.queues.of('default').depth();

    const { id } = await bench.client.submit(type, {}, { userId: 'unheard of' });

    await eventually(async () =>
      expect(await bench.queues.of('default').depth()).toMatchObject({ bad: bad + 1, ready: 0, processing: 0 }),
    );
    expect(await bench.queries.findByTaskId(id)).toBeNull();
    await bench.store.dataSource.query('ALTER TABLE tasks_pending DROP CONSTRAINT spec');
  });

  it('a raw submit of such a type goes on as its row stands, once', async () => {
    const { stop } = await bench.startWorker([handlerOf('served', () => null)], { queues: new Map([['lonely', 1]]) });
    const queue = bench.queues.of('lonely');
    const { id } = await bench.client.submit('unheard_of', {}, { queue: 'lonely' });
    await eventually(async () => {
      expect(await queue.depth()).toMatchObject({ ready: 0, delayed: 1, processing: 0, indexed: 1 });
    });
    await stop();

    expect(await queue.repair.missing([{ taskId: id, attempt: 0 }])).toEqual([]);
  });

  it('progress is recorded while the handler runs, and the last value wins', async () => {
    const seen = signal();
    const other = await bench.startWorker(
      [
        handlerOf('steps', async (_payload, { progress }) => {
          progress({ step: 1 });
          progress({ step: 2 });
          await seen.wait();
          progress({ step: 3, said: 'NUL \0, half \ud83d' });
          return 'done';
        }),
      ],
      { queues: new Map([['steps', 1]]) },
    );
    const { taskId } = await bench.submitter.submit('steps', {}, { queue: 'steps' });

    const running = await bench.rowWhen(taskId, ({ progress }) => progress !== null);
    expect(running.status).toBe('processing');
    await bench.rowWhen(taskId, ({ progress }) => (progress as { step: number }).step === 2);
    seen.fire();
    expect(await bench.rowWhen(taskId)).toMatchObject({
      status: 'success',
      progress: { step: 3, said: 'NUL \ufffd, half \ufffd' },
    });
    await other.stop();
  });
});
