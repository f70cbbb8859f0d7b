import { eventually } from '@millrace/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createQueues } from './create-queues';
import { QueueUnavailable } from './queue-errors';
import { QueueOptions } from './queue-options';
import { CLAIM, dispatch, IN_AN_HOUR, ownServer } from './queue.fixture';

const { workerId, leaseMs } = CLAIM;

const own = ownServer();

describe('a full Redis', () => {
  afterEach(() => own.server.redis.config('SET', 'maxmemory', '0'));

  it('refuses new tasks, and still drains: claim, renew, reassert, ack, putBack, promote, expired, sweep, epoch', async () => {
    await own.queue.enqueue(['a', 'b', 'c', 'd', 'e'].map((id) => dispatch(id)));
    await own.queue.enqueue([dispatch('p', { priority: 5 })]);
    await own.queue.enqueue([dispatch('later', {}, Date.now() + IN_AN_HOUR)]);
    await own.server.redis.zadd('millrace:delayed_tasks', 1, '{"id":"due","name":"x"}');
    await own.server.redis.lpush('millrace:tasks', 'not json');
    await own.queue.waitForWork({ workerId: 'dead', timeoutMs: 1_000 });
    await own.server.redis.zadd('millrace:workers', 1, 'dead');
    await own.server.redis.config('SET', 'maxmemory', '1');

    await expect(own.queue.enqueue([dispatch('new')])).rejects.toThrow(QueueUnavailable);
    await expect(own.access.client.submit('new', {})).rejects.toThrow(QueueUnavailable);

    expect(await own.queue.repair.sweepLandings({ olderThanMs: 1_000 })).toBe(1);
    expect(await own.queue.promote({ limit: 10 })).toMatchObject({ moved: 1 });
    const claims = await own.queue.claim(CLAIM);
    expect(claims.map(({ taskId }) => taskId)).toEqual(['p', 'a', 'b', 'c', 'd', 'e', 'due']);
    expect(await own.queue.depth()).toMatchObject({ ready: 0, bad: 1, processing: 7 });
    expect(await own.queue.renew({ workerId, leaseMs: -1, holds: claims })).toEqual([]);
    expect(await own.queue.repair.expired({ graceMs: 0, limit: 100 })).toHaveLength(7);
    expect(await own.queue.putBack(claims.slice(0, 2), { delayMs: 0 })).toBe(2);
    expect(await own.queue.putBack(claims.slice(2, 3), { delayMs: IN_AN_HOUR })).toBe(1);
    await own.server.redis.del('millrace:processing', 'millrace:leases');
    const running = claims.slice(3).map((claim) => ({ ...claim, attempt: 1 }));
    expect(await own.queue.reassert({ workerId, leaseMs, claims: running })).toHaveLength(4);
    expect(await own.queue.ack(claims)).toBe(4);
    expect((await own.access.queues.checkEpoch()).lost).toBe(true);
    expect((await own.access.queues.checkEpoch()).lost).toBe(false);
  });

  it('lets waits pace their caller instead of failing', async () => {
    await own.server.redis.config('SET', 'maxmemory', '1');
    await own.queue.enqueue([]);

    const startedAt = performance.now();
    await own.queue.waitForWork({ workerId, timeoutMs: 20_000 });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('a Redis that loses things', () => {
  it('loads its scripts again after SCRIPT FLUSH', async () => {
    await own.queue.enqueue([dispatch('a')]);
    await own.server.redis.script('FLUSH');
    await own.queue.enqueue([dispatch('b')]);
    await own.server.redis.script('FLUSH');
    const claims = await own.queue.claim(CLAIM);
    await own.server.redis.script('FLUSH');

    expect(await own.queue.ack(claims)).toBe(2);
  });

  it('is told by the epoch: first by the process that sets it again, then by every other', async () => {
    const other = createQueues(new QueueOptions({ redisUrl: own.server.url }));
    expect(await own.access.queues.checkEpoch()).toMatchObject({ lost: true, isFirst: true });
    expect(await other.queues.checkEpoch()).toMatchObject({ lost: false, isFirst: true });
    expect(await own.access.queues.checkEpoch()).toMatchObject({ lost: false, isFirst: false });

    await own.server.redis.flushall();

    expect((await own.access.queues.checkEpoch()).lost).toBe(true);
    expect((await other.queues.checkEpoch()).lost).toBe(true);
    expect((await own.access.queues.checkEpoch()).lost).toBe(false);
    expect((await other.queues.checkEpoch()).lost).toBe(false);
    await other.close();
  });

  it('is told by the epoch when another server answers that has the same data', async () => {
    const { identity } = await own.access.queues.checkEpoch();
    const mark = (await own.server.redis.get('millrace:epoch')) ?? '';
    await own.server.restart();
    await eventually(() => own.server.redis.set('millrace:epoch', mark), 10_000);

    const check = await eventually(() => own.access.queues.checkEpoch(), 10_000);

    expect(check.lost).toBe(true);
    expect(check.identity).not.toBe(identity);
  });
});

describe('a Redis that is away', () => {
  it('fails calls at once after a second, keeps none of them, and is used again when it is back', async () => {
    await own.queue.enqueue([dispatch('a')]);
    await own.server.stop();
    await eventually(() => expect(own.access.connections.connected).toBe(false));
    await expect(own.access.connections.ping()).rejects.toThrow(QueueUnavailable);

    const startedAt = performance.now();
    for (let calls = 0; calls < 20; calls += 1)
      await expect(own.queue.enqueue([dispatch(`t${calls}`)])).rejects.toThrow(QueueUnavailable);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await own.access.cancels.publish('a');

    await own.server.restart();
    await eventually(() => own.access.connections.ping(), 10_000);
    expect(await own.queue.depth()).toMatchObject({ ready: 0 });
    expect(await own.queue.enqueue([dispatch('b')])).toBe(1);
  });

  it('fails a call that is under way when the connection breaks', async () => {
    await own.access.connections.ping();
    await own.server.kill('SIGSTOP');
    const call = own.queue.depth().catch((error: unknown) => error);
    await own.server.kill('SIGKILL');

    expect(await call).toBeInstanceOf(QueueUnavailable);
    await own.server.restart();
  });

  it('fails a call within seconds while the server is frozen, and recovers', async () => {
    await own.access.connections.ping();
    await own.server.kill('SIGSTOP');
    const startedAt = performance.now();
    try {
      await expect(own.access.connections.ping()).rejects.toThrow(QueueUnavailable);
      expect(performance.now() - startedAt).toBeLessThan(1_900);
      await expect(own.queue.depth()).rejects.toThrow(QueueUnavailable);
    } finally {
      await own.server.kill('SIGCONT');
    }
    await eventually(() => own.access.connections.ping(), 20_000);
  });

  it('closes within two seconds', async () => {
    await own.access.connections.ping();
    await own.server.kill('SIGSTOP');
    const startedAt = performance.now();
    await own.access.close();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await own.server.kill('SIGCONT');
    await expect(own.queue.depth()).rejects.toThrow(QueueUnavailable);
  });
});
