import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLAIM, dispatch, idsOf, queueFixture, type QueueFixture } from './queue.fixture';

let fixture: QueueFixture;
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture.close());

describe('claim', () => {
  it('takes the oldest first, up to the limit, under the token of this claim and a lease by the clock of Redis', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue(['a', 'b', 'c'].map((id) => dispatch(id)));

    const claims = await queue.claim({ ...CLAIM, limit: 2, leaseMs: 60_000 });

    expect(idsOf(claims)).toEqual(['a', 'b']);
    expect(claims[0]).toMatchObject({ queue: queue.name, taskId: 'a', type: 'noop', attempt: 0, raw: null });
    const [seconds] = await fixture.redis.time();
    const leaseEnd = Number(await fixture.redis.zscore(keys.leases, 'a'));
    expect(leaseEnd / 1_000 - Number(seconds)).toBeGreaterThan(58);
    expect(leaseEnd / 1_000 - Number(seconds)).toBeLessThan(62);
    expect(await queue.depth()).toMatchObject({ ready: 1, processing: 2, indexed: 1 });
    const tokens = [...claims, ...(await queue.claim(CLAIM))].map(({ token }) => token);
    expect(new Set(tokens).size).toBe(2);
  });

  it('keeps of an entry that Millrace wrote the head alone in its hold, and of any other the whole', async () => {
    const { queue, keys } = fixture.freshQueue();
    const payload = { name: 'inner', payload: { n: 1 } };
    const raw = '{"id":"raw","name":"noop","payload":{"n":1}}';
    const foreign = '{"id":"foreign","attempt":0,"x":{"name":"noop","payload":1},"name":"noop"}';
    await queue.enqueue([
      dispatch('own', { attempt: 2, payload }),
      dispatch('urgent', { priority: 5, crash_count: 1, payload }),
    ]);
    await fixture.redis.lpush(keys.tasks, raw, foreign);

    expect(idsOf(await queue.claim(CLAIM))).toEqual(['urgent', 'own', 'raw', 'foreign']);

    const holds = Object.entries(await fixture.redis.hgetall(keys.processing));
    const kept = Object.fromEntries(holds.map(([id, hold]) => [id, hold.split(' ').slice(2).join(' ')]));
    expect(kept).toEqual({
      own: '2 {"id":"own","attempt":2,"name":"noop"}',
      urgent: '0 {"id":"urgent","attempt":0,"priority":5,"crash_count":1,"name":"noop"}',
      raw: `0 ${raw}`,
      foreign: `0 ${foreign}`,
    });
  });

  it('takes by priority, 9 first, and passes wake marks over', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([5, 0, 9, 1].map((priority) => dispatch(`p${priority}`, { priority })));

    expect(idsOf(await queue.claim(CLAIM))).toEqual(['p9', 'p5', 'p1', 'p0']);
    expect(await queue.claim(CLAIM)).toEqual([]);
  });

  it('takes what landed for the worker before anything else', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('landed')]);
    await queue.waitForWork({ workerId: CLAIM.workerId, timeoutMs: 1_000 });
    await queue.enqueue([dispatch('urgent', { priority: 9 })]);

    expect(await fixture.redis.llen(keys.landing(CLAIM.workerId))).toBe(1);
    expect(idsOf(await queue.claim(CLAIM))).toEqual(['landed', 'urgent']);
  });

  it('leaves a wake mark when it could not take all of another priority', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue(Array.from({ length: 5 }, (_, index) => dispatch(`t${index}`, { priority: 4 })));

    await queue.claim({ ...CLAIM, limit: 2 });
    expect(await fixture.redis.lrange(keys.tasks, 0, -1)).toEqual(['*']);

    await queue.claim(CLAIM);
    expect(await fixture.redis.lrange(keys.tasks, 0, -1)).toEqual([]);
  });

  it('drops a hint of a task that is held with its attempt or later, and a raw duplicate of any held task', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('a', { attempt: 2 })]);
    const [held] = await queue.claim(CLAIM);
    await fixture.redis.lpush(
      keys.tasks,
      '{"id":"a","attempt":2,"name":"noop"}',
      '{"id":"a","attempt":1,"name":"noop"}',
      '{"id":"a","name":"noop"}',
    );

    expect(await queue.claim(CLAIM)).toEqual([]);
    expect(await queue.ack(held ? [held] : [])).toBe(1);
  });

  it('lets a later attempt displace the holder of an earlier one, whose token then counts no more', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('a')]);
    const earlier = await queue.claim(CLAIM);
    await queue.enqueue([dispatch('a', { attempt: 1 })]);

    const later = await queue.claim({ ...CLAIM, workerId: 'worker-2' });

    expect(idsOf(later)).toEqual(['a']);
    expect(await queue.ack(earlier)).toBe(0);
    expect(await queue.ack(later)).toBe(1);
  });

  it('takes the later of two attempts that wait, under a token that the earlier does not share', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('a'), dispatch('b')]);
    await queue.enqueue([dispatch('a', { attempt: 1 })]);

    const claims = await queue.claim(CLAIM);

    expect(claims.map(({ taskId, attempt }) => [taskId, attempt])).toEqual([
      ['a', 1],
      ['b', 0],
    ]);
    expect(await queue.ack(claims)).toBe(2);
    expect(await queue.depth()).toMatchObject({ ready: 0, processing: 0, indexed: 0 });
  });

  it('takes two raw entries of one id once', async () => {
    const { queue, keys } = fixture.freshQueue();
    await fixture.redis.lpush(keys.tasks, '{"id":"a","name":"x"}', '{"id":"a","name":"y"}');

    expect(await queue.claim(CLAIM)).toMatchObject([{ taskId: 'a', raw: { name: 'x', payload: {} } }]);
    expect(await queue.depth()).toMatchObject({ ready: 0, processing: 1 });
  });

  it('keeps the index of a later attempt when a stale hint is taken', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('a')]);
    await queue.enqueue([dispatch('a', { attempt: 1 })]);

    await queue.claim({ ...CLAIM, limit: 1 });

    expect(await fixture.redis.hgetall(keys.idx)).toEqual({ a: '1' });
  });

  it('never gives one task to two workers', async () => {
    const { queue } = fixture.freshQueue();
    const ids = Array.from({ length: 400 }, () => randomUUID());
    await queue.enqueue(ids.map((id) => dispatch(id)));

    const claims = await Promise.all(
      Array.from({ length: 40 }, (_, index) => queue.claim({ ...CLAIM, workerId: `w${index % 4}`, limit: 13 })),
    );

    expect(idsOf(claims.flat()).sort()).toEqual([...ids].sort());
  });
});

describe('an entry without an attempt', () => {
  it('counts as the attempt 0 of its task, so that no second one displaces its holder', async () => {
    const { queue, keys } = fixture.freshQueue();
    await fixture.redis.lpush(keys.tasks, '{"id":"a","name":"noop"}');
    const [first] = await queue.claim(CLAIM);

    expect(await queue.enqueueAgain([dispatch('a')])).toBe(0);
    await fixture.redis.lpush(keys.tasks, '{"id":"a","attempt":0,"name":"noop"}');

    expect(await queue.claim(CLAIM)).toEqual([]);
    expect(await queue.ack(first ? [first] : [])).toBe(1);
  });
});

describe('ack', () => {
  it('counts only what these tokens hold, and is harmless when repeated', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('a'), dispatch('b')]);
    const claims = await queue.claim(CLAIM);

    expect(await queue.ack(claims.map(({ taskId }) => ({ taskId, token: 'other' })))).toBe(0);
    expect(await queue.ack(claims)).toBe(2);
    expect(await queue.ack(claims)).toBe(0);
    expect(await queue.ack([])).toBe(0);
    expect(await queue.depth()).toMatchObject({ processing: 0, indexed: 0 });
  });

  it('settles more holds than one call of a script reads', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue(Array.from({ length: 250 }, (_, index) => dispatch(`t${index}`)));

    const claims = await queue.claim({ ...CLAIM, limit: 500 });

    expect(await queue.ack(claims)).toBe(250);
  });
});
