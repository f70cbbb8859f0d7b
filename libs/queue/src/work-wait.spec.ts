import { eventually, ownRedis, type OwnRedis } from '@millrace/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createQueues, type QueueAccess } from './create-queues';
import { QueueOptions } from './queue-options';
import { CLAIM, dispatch, queueFixture } from './queue.fixture';
import type { TaskQueue } from './task-queue';

/** Much shorter than any timeout here, much longer than Redis takes to answer. */
const PROMPT_MS = 1_000;
const LONG_MS = 20_000;
const { workerId } = CLAIM;

let server: OwnRedis;
let access: QueueAccess;
let queue: TaskQueue;
beforeAll(async () => {
  // Silences the log.
  await (await queueFixture()).close();
  server = await ownRedis();
});
afterAll(() => server.close());
beforeEach(async () => {
  await server.redis.flushall();
  access = createQueues(new QueueOptions({ redisUrl: server.url }));
  queue = access.queues.of('default');
});
afterEach(() => access.close());

async function elapsedMs(work: Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work;
  return performance.now() - startedAt;
}

/** Resolves when so many clients are blocked on the server. */
function untilBlocked(count: number): Promise<void> {
  return eventually(async () => {
    expect(await server.redis.info('clients')).toContain(`blocked_clients:${count}\r\n`);
  });
}

describe('waitForWork', () => {
  it('ends when a task arrives, which then waits in the landing list', async () => {
    const waiting = elapsedMs(queue.waitForWork({ workerId, timeoutMs: LONG_MS }));
    await untilBlocked(1);
    await queue.enqueue([dispatch('a')]);

    expect(await waiting).toBeLessThan(PROMPT_MS);
    expect(await server.redis.llen('millrace:claim:worker-1')).toBe(1);
  });

  it.each([1, 9])('ends when a task of priority %i arrives', async (priority) => {
    const waiting = elapsedMs(queue.waitForWork({ workerId, timeoutMs: LONG_MS }));
    await untilBlocked(1);
    await queue.enqueue([dispatch('a', { priority })]);

    expect(await waiting).toBeLessThan(PROMPT_MS);
    expect(await queue.claim(CLAIM)).toHaveLength(1);
  });

  it('wakes as many workers as a burst of another priority needs', async () => {
    const workers = ['w1', 'w2', 'w3'];
    const work = async (id: string) => {
      await queue.waitForWork({ workerId: id, timeoutMs: LONG_MS });
      return queue.claim({ ...CLAIM, workerId: id, limit: 1 });
    };
    const working = Promise.all(workers.map(work));
    await untilBlocked(3);
    await queue.enqueue(['a', 'b', 'c'].map((id) => dispatch(id, { priority: 5 })));

    expect((await working).flat()).toHaveLength(3);
  });

  it('ends after its timeout', async () => {
    const elapsed = await elapsedMs(queue.waitForWork({ workerId, timeoutMs: 200 }));

    expect(elapsed).toBeGreaterThan(150);
    expect(elapsed).toBeLessThan(PROMPT_MS);
  });

  it('ends when the signal aborts, and nothing lands after that', async () => {
    const stop = new AbortController();
    const waiting = elapsedMs(queue.waitForWork({ workerId, timeoutMs: LONG_MS, signal: stop.signal }));
    await untilBlocked(1);
    stop.abort();

    expect(await waiting).toBeLessThan(PROMPT_MS);
    await queue.enqueue([dispatch('a')]);
    expect(await queue.depth()).toMatchObject({ ready: 1 });
    expect(await queue.waitForWork({ workerId, timeoutMs: LONG_MS, signal: stop.signal })).toBeUndefined();
  });

  it('ends soon after an abort that comes before the call has reached Redis', async () => {
    const stop = new AbortController();
    const waiting = elapsedMs(queue.waitForWork({ workerId, timeoutMs: LONG_MS, signal: stop.signal }));
    stop.abort();

    expect(await waiting).toBeLessThan(PROMPT_MS);
    expect(await elapsedMs(queue.waitForWork({ workerId, timeoutMs: 100 }))).toBeLessThan(PROMPT_MS);
  });

  it('ends when Redis restarts, and the next wait works again', async () => {
    const waiting = elapsedMs(queue.waitForWork({ workerId, timeoutMs: LONG_MS }));
    await untilBlocked(1);
    await server.restart();
    expect(await waiting).toBeLessThan(10_000);

    const again = queue.waitForWork({ workerId, timeoutMs: LONG_MS });
    await untilBlocked(1);
    await queue.enqueue([dispatch('a')]);
    await again;
    expect(await queue.claim(CLAIM)).toHaveLength(1);
  });

  it('survives a frozen server: the call is given up after its timeout', async () => {
    const waiting = elapsedMs(queue.waitForWork({ workerId, timeoutMs: 300 }));
    await untilBlocked(1);
    await server.kill('SIGSTOP');
    try {
      expect(await waiting).toBeLessThan(10_000);
    } finally {
      await server.kill('SIGCONT');
    }
    await eventually(async () => {
      await queue.waitForWork({ workerId, timeoutMs: 50 });
      await access.connections.ping();
    }, 20_000);
  });

  it('paces its caller while Redis is away', async () => {
    await server.stop();
    try {
      const elapsed = await elapsedMs(queue.waitForWork({ workerId, timeoutMs: LONG_MS }));
      expect(elapsed).toBeGreaterThan(100);
      expect(elapsed).toBeLessThan(5_000);
    } finally {
      await server.restart();
    }
  });

  it('ends when the worker is removed', async () => {
    const waiting = elapsedMs(queue.waitForWork({ workerId, timeoutMs: LONG_MS }));
    await untilBlocked(1);
    await queue.removeWorker(workerId);

    expect(await waiting).toBeLessThan(PROMPT_MS);
  });
});
