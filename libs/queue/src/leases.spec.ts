import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim, ExpiredHold } from './queue-entries';
import { CLAIM, dispatch, queueFixture, type QueueFixture } from './queue.fixture';
import { scripts } from './scripts';
import type { TaskQueue } from './task-queue';

let fixture: QueueFixture;
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture.close());

const { workerId, leaseMs } = CLAIM;

async function claimed(queue: TaskQueue, ...ids: string[]): Promise<Claim[]> {
  await queue.enqueue(ids.map((id) => dispatch(id)));
  return queue.claim(CLAIM);
}

describe('renew', () => {
  it('extends what the tokens hold and tells which holds are missing or held by another claim', async () => {
    const { queue, keys } = fixture.freshQueue();
    const [a, b, c] = await claimed(queue, 'a', 'b', 'c');
    if (!a || !b || !c) throw new Error('three tasks were claimed');
    await queue.ack([b]);
    const before = Number(await fixture.redis.zscore(keys.leases, 'a'));

    const lost = await queue.renew({ workerId, leaseMs: 2 * leaseMs, holds: [a, b, { ...c, token: 'other' }] });

    expect(lost).toEqual([
      { taskId: 'b', reason: 'missing' },
      { taskId: 'c', reason: 'other' },
    ]);
    expect(Number(await fixture.redis.zscore(keys.leases, 'a'))).toBeGreaterThan(before + leaseMs / 2);
    expect(await fixture.redis.zscore(keys.leases, 'b')).toBeNull();
  });

  it('marks the worker as alive, also without holds', async () => {
    const { queue, keys } = fixture.freshQueue();

    expect(await queue.renew({ workerId, leaseMs, holds: [] })).toEqual([]);
    await queue.beat('worker-2');

    const [seconds] = await fixture.redis.time();
    const beats = await fixture.redis.zrange(keys.workers, '0', '-1', 'WITHSCORES');
    expect(beats.filter((_, index) => index % 2 === 0).sort()).toEqual([workerId, 'worker-2']);
    expect(Math.abs(Number(beats[1]) / 1_000 - Number(seconds))).toBeLessThan(2);
    await fixture.redis.zadd(keys.workers, Date.now() - 60_000, 'silent');
    expect((await queue.repair.beatingWorkers({ withinMs: 30_000 })).sort()).toEqual([workerId, 'worker-2']);
  });

  it('renews more holds than one call of a script reads', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue(Array.from({ length: 230 }, (_, index) => dispatch(`t${index}`)));
    const holds = await queue.claim({ ...CLAIM, limit: 300 });
    await queue.ack(holds.slice(-1));

    expect(await queue.renew({ workerId, leaseMs, holds })).toEqual([{ taskId: 't229', reason: 'missing' }]);
  });
});

describe('keep', () => {
  it('extends leases without a word about their worker, and tells which are gone', async () => {
    const { queue, keys } = fixture.freshQueue();
    const holds = await claimed(queue, 'a', 'b');
    await queue.ack(holds.filter(({ taskId }) => taskId === 'b'));
    await fixture.redis.del(keys.workers);

    expect(await queue.keep(holds, { forMs: 600_000 })).toEqual([{ taskId: 'b', reason: 'missing' }]);

    expect(await queue.repair.expired({ graceMs: -500_000, limit: 10 })).toEqual([]);
    expect(await queue.repair.beatingWorkers({ withinMs: 60_000 })).toEqual([]);
    expect(await queue.repair.leased(['a', 'b', 'unknown'])).toEqual(['a']);
    await fixture.redis.zadd(keys.leases, 1, 'a');
    expect(await queue.repair.leased(['a'])).toEqual([]);
  });
});

describe('reassert', () => {
  it('puts running tasks back after their holds were lost, so that they can be renewed', async () => {
    const { queue, keys } = fixture.freshQueue();
    const claims = await claimed(queue, 'a', 'b');
    await fixture.redis.del(keys.processing, keys.leases);

    const running = claims.map((claim) => ({ ...claim, attempt: 1 }));
    expect(await queue.reassert({ workerId, leaseMs, claims: running })).toEqual(['a', 'b']);

    expect(await queue.renew({ workerId, leaseMs, holds: claims })).toEqual([]);
    expect(await queue.depth()).toMatchObject({ processing: 2 });
  });

  it('yields to a later attempt and replaces the hold of a stale hint', async () => {
    const { queue, keys } = fixture.freshQueue();
    const mine = (await claimed(queue, 'a', 'b')).map((claim) => ({ ...claim, attempt: 1 }));
    await fixture.redis.del(keys.processing, keys.leases);
    await queue.enqueue([dispatch('a', { attempt: 1 })]);
    await fixture.redis.lpush(keys.tasks, '{"id":"b","name":"noop"}');
    const others = await queue.claim({ ...CLAIM, workerId: 'worker-2' });

    expect(await queue.reassert({ workerId, leaseMs, claims: mine })).toEqual(['b']);

    expect(await queue.ack(others)).toBe(1);
    expect(await queue.ack(mine)).toBe(1);
  });

  it('lets the retry of the running attempt be enqueued while the hold still stands', async () => {
    const { queue, keys } = fixture.freshQueue();
    const mine = (await claimed(queue, 'a')).map((claim) => ({ ...claim, attempt: 1 }));
    await fixture.redis.del(keys.processing);
    await queue.reassert({ workerId, leaseMs, claims: mine });

    expect(await queue.enqueue([dispatch('a', { attempt: 0 })])).toBe(0);
    expect(await queue.enqueue([dispatch('a', { attempt: 1 })])).toBe(1);
  });
});

describe('expired', () => {
  const search = { graceMs: 0, limit: 10 };

  it('finds leases that ran out longer ago than the grace, with their holders', async () => {
    const { queue } = fixture.freshQueue();
    await queue.enqueue([dispatch('a')]);
    const [claim] = await queue.claim({ ...CLAIM, leaseMs: -1_000 });
    await claimed(queue, 'live');

    expect(await queue.repair.expired({ graceMs: 60_000, limit: 10 })).toEqual([]);
    const [found, ...more] = await queue.repair.expired(search);
    const { taskId, token } = claim ?? {};
    expect(found).toMatchObject({ taskId, token, queue: queue.name, attempt: 0, priority: 0, workerId });
    expect(found?.expiresAtMs).toBeTypeOf('number');
    expect(more).toEqual([]);
  });

  it('finds holds that have no lease, however many others there are', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue(Array.from({ length: 1_000 }, (_, index) => dispatch(`t${index}`)));
    await queue.claim({ ...CLAIM, limit: 500 });
    await queue.claim({ ...CLAIM, limit: 500 });
    await fixture.redis.zrem(keys.leases, 't7', 't901');

    const found = new Map<string, ExpiredHold>();
    for (let calls = 0; calls < 200 && found.size < 2; calls += 1)
      for (const hold of await queue.repair.expired(search)) found.set(hold.taskId, hold);

    expect([...found.keys()].sort()).toEqual(['t7', 't901']);
    expect(found.get('t7')?.expiresAtMs).toBeNull();
  });

  it('reads no more than some megabytes of large entries at once, and finds all in the end', async () => {
    const { queue, keys } = fixture.freshQueue();
    const payload = 'x'.repeat(250_000);
    const raw = (index: number) => JSON.stringify({ id: `large${index}`, name: 'noop', payload });
    for (let index = 0; index < 60; index += 1) await fixture.redis.lpush(keys.tasks, raw(index));
    while ((await queue.claim({ ...CLAIM, limit: 60, leaseMs: -1_000 })).length > 0);

    const sizes: number[] = [];
    for (let found = await queue.repair.expired({ graceMs: 0, limit: 500 }); found.length > 0;) {
      sizes.push(found.length);
      await queue.ack(found);
      found = await queue.repair.expired({ graceMs: 0, limit: 500 });
    }

    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(60);
    expect(Math.max(...sizes)).toBeLessThan(40);
  });

  it('removes leases without a hold', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('a')]);
    await queue.claim({ ...CLAIM, leaseMs: -1 });
    await fixture.redis.del(keys.processing);

    expect(await queue.repair.expired(search)).toEqual([]);
    expect(await fixture.redis.zcard(keys.leases)).toBe(0);
  });

  it('gets rid of a hold that nobody can read', async () => {
    const { queue, keys } = fixture.freshQueue();
    await fixture.redis.hset(keys.processing, 'junk', 'junk', 'half', 'token worker 0 {"id":');

    expect(await queue.repair.expired(search)).toEqual([]);

    expect(await fixture.redis.hlen(keys.processing)).toBe(0);
    expect(await queue.depth()).toMatchObject({ processing: 0 });
  });
});

describe('landing lists', () => {
  async function landed(queue: TaskQueue, ...ids: string[]): Promise<void> {
    await queue.claim(CLAIM);
    for (const id of ids) {
      await queue.enqueue([dispatch(id)]);
      await queue.waitForWork({ workerId, timeoutMs: 1_000 });
    }
  }

  it('are given back in order once their worker has been silent long enough', async () => {
    const { queue, keys } = fixture.freshQueue();
    await landed(queue, 'a', 'b');
    await queue.enqueue([dispatch('newer')]);

    expect(await queue.repair.sweepLandings({ olderThanMs: 60_000 })).toBe(0);
    await fixture.redis.zadd(keys.workers, Date.now() - 120_000, workerId);
    expect(await queue.repair.sweepLandings({ olderThanMs: 60_000 })).toBe(2);

    expect(await fixture.redis.zscore(keys.workers, workerId)).toBeNull();
    const claims = await queue.claim({ ...CLAIM, workerId: 'worker-2' });
    expect(claims.map(({ taskId }) => taskId)).toEqual(['a', 'b', 'newer']);
  });

  it('stay with a worker that was heard of since it was found silent', async () => {
    const { queue, keys } = fixture.freshQueue();
    await landed(queue, 'a');

    const sweep = scripts.sweep.run(
      fixture.redis,
      [keys.workers, keys.landing(workerId), keys.tasks],
      [workerId, 60_000, 10],
    );

    expect(await sweep).toBe(-1);
    expect(await queue.depth()).toMatchObject({ ready: 0 });
    expect(await queue.claim(CLAIM)).toHaveLength(1);
  });

  it('are given back at once when their worker shuts down', async () => {
    const { queue, keys } = fixture.freshQueue();
    await landed(queue, 'a');

    await queue.removeWorker(workerId);

    expect(await queue.depth()).toMatchObject({ ready: 1 });
    expect(await fixture.redis.exists(keys.workers, keys.landing(workerId))).toBe(0);
  });

  it('lose their wake marks on the way back', async () => {
    const { queue, keys } = fixture.freshQueue();
    await fixture.redis.lpush(keys.landing(workerId), '*', '{"id":"a","name":"x"}');

    await queue.removeWorker(workerId);

    expect(await fixture.redis.lrange(keys.tasks, 0, -1)).toEqual(['{"id":"a","name":"x"}']);
  });
});
