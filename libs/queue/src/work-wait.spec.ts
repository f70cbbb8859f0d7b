import { eventually } from '@millrace/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Claim } from './queue-entries';
import { CLAIM, dispatch, ownServer } from './queue.fixture';

/** Much shorter than any timeout here, much longer than Redis takes to answer. */
const PROMPT_MS = 1_000;
const LONG_MS = 20_000;
/** Enough to see that it is blocked, and little enough to wait for its end. */
const BLOCKED_MS = 3_000;
const { workerId } = CLAIM;

const own = ownServer();

async function elapsedMs(work: Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work;
  return performance.now() - startedAt;
}

/** Resolves when so many clients are blocked on the own.server. */
function untilBlocked(count: number): Promise<void> {
  return eventually(async () => {
    expect(await own.server.redis.info('clients')).toContain(`blocked_clients:${count}\r\n`);
  });
}

describe('waitForWork', () => {
  it('ends when a task arrives, which then waits in the landing list', async () => {
    const waiting = elapsedMs(own.queue.waitForWork({ workerId, timeoutMs: LONG_MS }));
    await untilBlocked(1);
    await own.queue.enqueue([dispatch('a')]);

    expect(await waiting).toBeLessThan(PROMPT_MS);
    expect(await own.server.redis.llen('millrace:claim:worker-1')).toBe(1);
  });

  it.each([1, 9])('ends when a task of priority %i arrives', async (priority) => {
    const waiting = elapsedMs(own.queue.waitForWork({ workerId, timeoutMs: LONG_MS }));
    await untilBlocked(1);
    await own.queue.enqueue([dispatch('a', { priority })]);

    expect(await waiting).toBeLessThan(PROMPT_MS);
    expect(await own.queue.claim(CLAIM)).toHaveLength(1);
  });

  it('wakes as many workers as a burst of another priority needs', async () => {
    const workers = ['w1', 'w2', 'w3'];
    const work = async (id: string) => {
      await own.queue.waitForWork({ workerId: id, timeoutMs: LONG_MS });
      return own.queue.claim({ ...CLAIM, workerId: id, limit: 1 });
    };
    const working = Promise.all(workers.map(work));
    await untilBlocked(3);
    await own.queue.enqueue(['a', 'b', 'c'].map((id) => dispatch(id, { priority: 5 })));

    expect((await working).flat()).toHaveLength(3);
  });

  it.each([0, 7])('of fifty idle workers a task of priority %i wakes one', async (priority) => {
    const stopping = new AbortController();
    let woken = 0;
    const waits = Array.from({ length: 50 }, async (_, index) => {
      const wait = { ...CLAIM, workerId: `idle-${index}`, timeoutMs: LONG_MS, signal: stopping.signal };
      await own.queue.claimWhenReady(wait);
      woken += 1;
    });
    await untilBlocked(50);
    await own.queue.enqueue([dispatch('a', { priority })]);
    await eventually(() => expect(woken).toBe(1));

    await untilBlocked(49);
    expect(woken).toBe(1);
    stopping.abort();
    await Promise.all(waits);
  });

  it('ends after its timeout', async () => {
    const elapsed = await elapsedMs(own.queue.waitForWork({ workerId, timeoutMs: 200 }));

    expect(elapsed).toBeGreaterThan(150);
    expect(elapsed).toBeLessThan(PROMPT_MS);
  });

  it('ends when the signal aborts, and nothing lands after that', async () => {
    const stop = new AbortController();
    const waiting = elapsedMs(own.queue.waitForWork({ workerId, timeoutMs: LONG_MS, signal: stop.signal }));
    await untilBlocked(1);
    stop.abort();

    expect(await waiting).toBeLessThan(PROMPT_MS);
    await own.queue.enqueue([dispatch('a')]);
    expect(await own.queue.depth()).toMatchObject({ ready: 1 });
    expect(await own.queue.waitForWork({ workerId, timeoutMs: LONG_MS, signal: stop.signal })).toBeUndefined();
  });

  it('ends soon after an abort that comes before the call has reached Redis', async () => {
    const stop = new AbortController();
    const waiting = elapsedMs(own.queue.waitForWork({ workerId, timeoutMs: LONG_MS, signal: stop.signal }));
    stop.abort();

    expect(await waiting).toBeLessThan(PROMPT_MS);
    expect(await elapsedMs(own.queue.waitForWork({ workerId, timeoutMs: 100 }))).toBeLessThan(PROMPT_MS);
  });

  it('ends when Redis restarts, and the next wait works again', async () => {
    const waiting = elapsedMs(own.queue.waitForWork({ workerId, timeoutMs: LONG_MS }));
    await untilBlocked(1);
    await own.server.restart();
    expect(await waiting).toBeLessThan(BLOCKED_MS + 10_000);

    const again = own.queue.waitForWork({ workerId, timeoutMs: LONG_MS });
    await untilBlocked(1);
    await own.queue.enqueue([dispatch('a')]);
    await again;
    expect(await own.queue.claim(CLAIM)).toHaveLength(1);
  });

  it('survives a frozen server: the call is given up after its timeout', async () => {
    const waiting = elapsedMs(own.queue.waitForWork({ workerId, timeoutMs: BLOCKED_MS }));
    await untilBlocked(1);
    await own.server.kill('SIGSTOP');
    try {
      expect(await waiting).toBeLessThan(BLOCKED_MS + 10_000);
    } finally {
      await own.server.kill('SIGCONT');
    }
    await eventually(async () => {
      await own.queue.waitForWork({ workerId, timeoutMs: 50 });
      await own.access.connections.ping();
    }, 20_000);
  });

  it('paces its caller while Redis is away', async () => {
    await own.server.stop();
    try {
      const elapsed = await elapsedMs(own.queue.waitForWork({ workerId, timeoutMs: LONG_MS }));
      expect(elapsed).toBeGreaterThan(100);
      expect(elapsed).toBeLessThan(5_000);
    } finally {
      await own.server.restart();
    }
  });

  it('ends when the worker is removed', async () => {
    const waiting = elapsedMs(own.queue.waitForWork({ workerId, timeoutMs: LONG_MS }));
    await untilBlocked(1);
    await own.queue.removeWorker(workerId);

    expect(await waiting).toBeLessThan(PROMPT_MS);
  });
});

describe('claimWhenReady', () => {
  const wait = { ...CLAIM, timeoutMs: LONG_MS };
  const idsOf = (claims: readonly Claim[]) => claims.map(({ taskId }) => taskId);

  /** As every worker does; from then on Redis knows the script. */
  beforeEach(async () => void (await own.queue.claim(CLAIM)));

  it('claims what ended the wait, under a lease', async () => {
    const waiting = own.queue.claimWhenReady(wait);
    await untilBlocked(1);
    await own.queue.enqueue([dispatch('a')]);

    const claims = await waiting;
    expect(idsOf(claims)).toEqual(['a']);
    expect(await own.queue.depth()).toMatchObject({ ready: 0, processing: 1 });
    expect(await own.queue.renew({ ...CLAIM, holds: claims })).toEqual([]);
  });

  it('claims what else is there, by priority and up to its limit', async () => {
    await own.queue.enqueue(['a', 'b', 'c'].map((id) => dispatch(id)));
    await own.queue.enqueue([dispatch('urgent', { priority: 9 })]);

    expect(idsOf(await own.queue.claimWhenReady({ ...wait, limit: 3 }))).toEqual(['a', 'urgent', 'b']);
    expect(await own.queue.depth()).toMatchObject({ ready: 1 });
  });

  it('claims nothing after its timeout: on a dead line nobody would hear of it', async () => {
    await own.queue.enqueue([dispatch('urgent', { priority: 9 })]);
    await own.server.redis.lrem('millrace:tasks', 0, '*');

    expect(await own.queue.claimWhenReady({ ...wait, timeoutMs: 200 })).toEqual([]);
    expect(await own.queue.depth()).toMatchObject({ ready: 1, processing: 0 });
  });

  it('claims nothing when the signal aborts', async () => {
    const stop = new AbortController();
    const waiting = own.queue.claimWhenReady({ ...wait, signal: stop.signal });
    await untilBlocked(1);
    stop.abort();

    expect(await waiting).toEqual([]);
  });

  it('leaves what came to the next claim when Redis has forgotten its scripts', async () => {
    await own.server.redis.script('FLUSH');
    await own.server.redis.lpush('millrace:tasks', '{"id":"a","attempt":0,"name":"noop","payload":{}}');

    expect(await own.queue.claimWhenReady(wait)).toEqual([]);
    expect(idsOf(await own.queue.claim(CLAIM))).toEqual(['a']);
  });

  it('does not lose what had landed before Redis was full', async () => {
    await own.queue.enqueue([dispatch('a')]);
    await own.queue.waitForWork({ workerId, timeoutMs: LONG_MS });
    await own.server.redis.config('SET', 'maxmemory', '1');
    try {
      expect(idsOf(await own.queue.claimWhenReady(wait))).toEqual(['a']);
    } finally {
      await own.server.redis.config('SET', 'maxmemory', '0');
    }
  });
});
