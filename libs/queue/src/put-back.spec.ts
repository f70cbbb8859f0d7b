import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim } from './queue-entries';
import { decodeQueueTask } from './queue-task-codec';
import { CLAIM, dispatch, idsOf, queueFixture, type QueueFixture } from './queue.fixture';

let fixture: QueueFixture;
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture.close());

describe('putBack', () => {
  it('makes tasks the next to be taken, unchanged and in their order', async () => {
    const { queue, keys } = fixture.freshQueue();
    const raw = '{"name":"x", "id":"raw", "extra":[1.0]}';
    await fixture.redis.lpush(keys.tasks, raw);
    await queue.enqueue(Array.from({ length: 249 }, (_, index) => dispatch(`t${index}`, { attempt: 1 })));
    const claims = await queue.claim({ ...CLAIM, limit: 500 });
    await queue.enqueue([dispatch('newer')]);

    expect(await queue.putBack(claims, { delayMs: 0 })).toBe(250);

    const again = await queue.claim({ ...CLAIM, limit: 500 });
    expect(idsOf(again)).toEqual([...idsOf(claims), 'newer']);
    expect(again[0]?.json).toBe(raw);
    expect(again.slice(0, -1).map(({ json }) => json)).toEqual(claims.map(({ json }) => json));
  });

  it('returns a task to the list of its priority and wakes a blocked worker', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('a', { priority: 7 })]);

    await queue.putBack(await queue.claim(CLAIM), { delayMs: 0 });

    expect(await fixture.redis.llen(`${keys.tasks}:7`)).toBe(1);
    expect(await fixture.redis.lrange(keys.tasks, 0, -1)).toEqual(['*']);
  });

  it('delays by the clock of Redis and indexes what it delays, so that repair leaves it alone', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('a')]);

    await queue.putBack(await queue.claim(CLAIM), { delayMs: 60_000 });

    const { moved, nextDueInMs } = await queue.promote({ limit: 10 });
    expect(moved).toBe(0);
    expect(nextDueInMs).toBeGreaterThan(55_000);
    expect(nextDueInMs).toBeLessThanOrEqual(60_000);
    expect(await queue.enqueue([dispatch('a', {}, Date.now() + 120_000)])).toBe(0);
  });

  it('leaves alone what another claim holds, and the index of a later attempt', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('a')]);
    const claims = await queue.claim(CLAIM);
    await queue.enqueue([dispatch('a', { attempt: 1 })]);

    const stolen: Claim[] = claims.map((claim) => ({ ...claim, token: 'other' }));
    expect(await queue.putBack(stolen, { delayMs: 0 })).toBe(0);
    expect(await queue.putBack(claims, { delayMs: 0 })).toBe(1);
    expect(await fixture.redis.hgetall(keys.idx)).toEqual({ a: '1' });
  });
});

describe('putBack of an entry that Millrace did not write', () => {
  const row = { id: 'raw', attempt: 0, name: 'noop', payload: { n: 2 }, priority: 3 } as const;

  it('puts the entry of its row in its place, at once or after a while', async () => {
    const { queue, keys } = fixture.freshQueue();
    await fixture.redis.lpush(keys.tasks, '{"id":"raw","name":"noop"}');
    const [claim] = await queue.claim(CLAIM);
    if (!claim) throw new Error('nothing was claimed');

    expect(await queue.putBack([{ ...claim, as: row }], { delayMs: 0 })).toBe(1);
    const [again] = await queue.claim(CLAIM);
    expect(again).toMatchObject({ attempt: 0, priority: 3, raw: null });
    expect(decodeQueueTask(again?.json ?? '')).toMatchObject({ payload: { n: 2 } });

    if (again) await queue.putBack([again], { delayMs: 60_000 });
    expect(await queue.depth()).toMatchObject({ ready: 0, delayed: 1, processing: 0, indexed: 1 });
  });

  it('only lets go of it when a later attempt waits already', async () => {
    const { queue, keys } = fixture.freshQueue();
    await fixture.redis.lpush(keys.tasks, '{"id":"raw","name":"noop"}');
    const [claim] = await queue.claim(CLAIM);
    await queue.enqueue([{ entry: { ...row, attempt: 1 } }]);
    if (!claim) throw new Error('nothing was claimed');

    expect(await queue.putBack([{ ...claim, as: row }], { delayMs: 60_000 })).toBe(1);

    expect(await queue.depth()).toMatchObject({ ready: 1, delayed: 0, processing: 0, indexed: 1 });
  });
});
