import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLAIM, dispatch, IN_AN_HOUR, queueFixture, type QueueFixture } from './queue.fixture';

let fixture: QueueFixture;
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture.close());

const waiting = (taskId: string, attempt = 0, dueAtMs?: number) => ({
  taskId,
  attempt,
  ...(dueAtMs !== undefined && { dueAtMs }),
});

describe('what a queue is missing', () => {
  it('is what neither waits nor is held with its attempt or a later one', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('held', { attempt: 1 })]);
    await queue.claim(CLAIM);
    await queue.enqueue([dispatch('ready', { attempt: 1 }), dispatch('later', {}, Date.now() + IN_AN_HOUR)]);

    const missing = await queue.repair.missing([
      ...[waiting('held', 1), waiting('held', 0), waiting('ready', 1), waiting('ready', 0)],
      waiting('later', 0, Date.now() + IN_AN_HOUR),
      ...[waiting('gone'), waiting('held', 2), waiting('ready', 2)],
    ]);

    expect(missing).toEqual(['gone', 'held', 'ready']);
  });

  it('is not what was put back for up to half a minute, but is what waits for longer than its row says', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('unserved')]);
    const claims = await queue.claim(CLAIM);
    await queue.putBack(claims, { delayMs: 30_000 });
    await queue.enqueue([dispatch('retried', {}, Date.now() + IN_AN_HOUR)]);

    const rows = [waiting('unserved'), waiting('retried')];

    expect(await queue.repair.missing(rows)).toEqual(['retried']);
    expect(await queue.repair.missing(rows, 'doubted')).toEqual(['retried']);
  });

  it('is, in doubt, also what the index calls ready or long overdue', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('ready'), dispatch('late')]);
    await fixture.redis.del(keys.tasks);
    await fixture.redis.hset(keys.idx, 'late', `0@${Date.now() - 31_000}`);
    const rows = [waiting('ready'), waiting('late')];

    expect(await queue.repair.missing(rows)).toEqual([]);
    expect(await queue.repair.missing(rows, 'doubted')).toEqual(['ready', 'late']);
  });

  it('is found among any number of tasks', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('t700')]);
    const rows = Array.from({ length: 1_201 }, (_, n) => waiting(`t${n}`));

    const missing = await queue.repair.missing(rows);

    expect(missing).toHaveLength(1_200);
    expect(missing).not.toContain('t700');
    expect(await queue.repair.missing([])).toEqual([]);
  });
});

describe('lost entries', () => {
  it('are what the index counts and no list holds', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('a'), dispatch('b'), dispatch('c', {}, Date.now() + IN_AN_HOUR)]);
    expect(await queue.repair.lostEntries()).toBe(0);

    await fixture.redis.ltrim(keys.tasks, 0, 0);
    expect(await queue.repair.lostEntries()).toBe(1);
    await fixture.redis.del(keys.delayed);
    expect(await queue.repair.lostEntries()).toBe(2);
  });

  it('are not what has landed for a worker that has yet to lease it', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.claim({ ...CLAIM, workerId: 'slow' });
    await queue.enqueue([dispatch('a')]);
    await queue.waitForWork({ workerId: 'slow', timeoutMs: 5_000 });

    expect(await fixture.redis.llen(keys.landing('slow'))).toBe(1);
    expect(await queue.repair.lostEntries()).toBe(0);
  });
});

describe('the entry of a task that has ended', () => {
  it('leaves the delayed set, and no other entry does', async () => {
    const { queue, keys } = fixture.freshQueue();
    const dueAtMs = Date.now() + IN_AN_HOUR;
    await queue.enqueue([dispatch('a', {}, dueAtMs), dispatch('ab', {}, dueAtMs), dispatch('b', {}, dueAtMs)]);

    expect(await queue.forget({ taskId: 'a', attempt: 0 })).toBe(true);

    expect(await fixture.redis.hkeys(keys.idx)).toEqual(['ab', 'b']);
    expect(await queue.depth()).toMatchObject({ delayed: 2, indexed: 2 });
    expect(await queue.enqueue([dispatch('a')])).toBe(1);
  });

  it('stays when it is ready, or waits with another attempt', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('ready'), dispatch('later', { attempt: 2 }, Date.now() + IN_AN_HOUR)]);

    expect(await queue.forget({ taskId: 'ready', attempt: 0 })).toBe(false);
    expect(await queue.forget({ taskId: 'later', attempt: 1 })).toBe(false);
    expect(await queue.forget({ taskId: 'unknown', attempt: 0 })).toBe(false);
    expect(await queue.depth()).toMatchObject({ ready: 1, delayed: 1, indexed: 2 });
  });
});
