import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLAIM, dispatch, IN_AN_HOUR, queueFixture, type QueueFixture } from './queue.fixture';

let fixture: QueueFixture;
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture.close());

describe('enqueue', () => {
  it('puts ready tasks left into the list and indexes them by attempt', async () => {
    const { queue, keys } = fixture.freshQueue();

    expect(await queue.enqueue([dispatch('a'), dispatch('b', { attempt: 3 })])).toBe(2);

    expect(await fixture.redis.lrange(keys.tasks, 0, -1)).toEqual([
      '{"id":"b","attempt":3,"name":"noop","payload":{"n":1}}',
      '{"id":"a","attempt":0,"name":"noop","payload":{"n":1}}',
    ]);
    expect(await fixture.redis.hgetall(keys.idx)).toEqual({ a: '0', b: '3' });
  });

  it('puts tasks due later into the delayed set, and a past due time into the list', async () => {
    const { queue, keys } = fixture.freshQueue();
    const dueAtMs = Date.now() + IN_AN_HOUR;

    await queue.enqueue([dispatch('later', {}, dueAtMs), dispatch('past', {}, 1)]);

    expect(await fixture.redis.zrange(keys.delayed, '0', '-1', 'WITHSCORES')).toEqual([
      '{"id":"later","attempt":0,"name":"noop","payload":{"n":1}}',
      String(dueAtMs),
    ]);
    expect(await queue.depth()).toMatchObject({ ready: 1, delayed: 1, indexed: 2 });
  });

  it('skips what waits with that attempt or later, also twice within one call', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('a', { attempt: 2 })]);

    expect(await queue.enqueue([dispatch('a', { attempt: 2 }), dispatch('a', { attempt: 1 })])).toBe(0);
    expect(await queue.enqueue([dispatch('b'), dispatch('b')])).toBe(1);
    expect(await queue.enqueue([dispatch('a', { attempt: 3 })])).toBe(1);
  });

  it('skips what is held with that attempt or later, and adds the next attempt beside it', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('a', { attempt: 1 })]);
    await queue.claim(CLAIM);

    expect(await queue.enqueue([dispatch('a', { attempt: 1 })])).toBe(0);
    expect(await queue.enqueueAgain([dispatch('a', { attempt: 1 })])).toBe(0);
    expect(await queue.enqueue([dispatch('a', { attempt: 2 })])).toBe(1);
  });

  it('adds an attempt again that is now due earlier than it waits, and not one due later', async () => {
    const { queue } = fixture.freshQueue();
    const soon = Date.now() + IN_AN_HOUR;
    await queue.enqueue([dispatch('a', {}, soon + IN_AN_HOUR)]);

    expect(await queue.enqueue([dispatch('a', {}, soon + 2 * IN_AN_HOUR)])).toBe(0);
    expect(await queue.enqueue([dispatch('a', {}, soon)])).toBe(1);
    expect(await queue.enqueue([dispatch('a')])).toBe(1);
    expect(await queue.enqueue([dispatch('a')])).toBe(0);
  });

  it('skips an attempt that was promoted after its delay', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('a', {}, Date.now() + IN_AN_HOUR)]);
    const [json = ''] = await fixture.redis.zrange(keys.delayed, '0', '-1');
    await fixture.redis.hset(keys.idx, 'a', `0@${Date.now() - 5}`);
    await fixture.redis.zadd(keys.delayed, Date.now() - 5, json);
    await queue.promote({ limit: 10 });

    expect(await queue.enqueue([dispatch('a')])).toBe(0);
  });

  it('adds again what only the index still knows', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('a')]);
    await fixture.redis.del(keys.tasks);

    expect(await queue.enqueue([dispatch('a')])).toBe(0);
    expect(await queue.enqueueAgain([dispatch('a')])).toBe(1);
    expect(await queue.depth()).toMatchObject({ ready: 1, indexed: 1 });
  });

  it('takes any number of tasks and any size of payload', async () => {
    const { queue } = fixture.freshQueue();
    const many = Array.from({ length: 1_203 }, (_, index) => dispatch(`t${index}`));
    const large = Array.from({ length: 9 }, (_, index) => dispatch(`l${index}`, { payload: 'x'.repeat(250_000) }));

    expect(await queue.enqueue([...many, ...large])).toBe(1_212);
    expect(await queue.depth()).toMatchObject({ ready: 1_212, indexed: 1_212 });
    expect(await queue.enqueue([])).toBe(0);
  });

  it('leaves one wake mark for workers that block on the priority-0 list, and counts it as no task', async () => {
    const { queue, keys } = fixture.freshQueue();

    await queue.enqueue([dispatch('a', { priority: 9 })]);
    await queue.enqueue([dispatch('b', { priority: 1 })]);

    expect(await fixture.redis.lrange(keys.tasks, 0, -1)).toEqual(['*']);
    expect(await queue.depth()).toMatchObject({ ready: 2 });
    expect(await queue.oldestReady()).toBeNull();
  });
});

describe('oldestReady', () => {
  it('tells when the task that is taken next was created, past a wake mark', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('high', { priority: 1 })]);
    await queue.enqueue([dispatch('old', { created_at: '2026-01-01T00:00:00.000Z' })]);
    await queue.enqueue([dispatch('new', { created_at: '2026-02-01T00:00:00.000Z' })]);
    expect(await queue.oldestReady()).toBe('2026-01-01T00:00:00.000Z');

    await fixture.redis.rpush(keys.tasks, 'no entry');
    expect(await queue.oldestReady()).toBeNull();
  });
});
