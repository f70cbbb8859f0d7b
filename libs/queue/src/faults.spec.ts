import { eventually, ownRedis, type OwnRedis } from '@millrace/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createQueues, type QueueAccess } from './create-queues';
import { QueueUnavailable } from './queue-errors';
import { QueueOptions } from './queue-options';
import { CLAIM, dispatch, IN_AN_HOUR, queueFixture } from './queue.fixture';
import type { TaskQueue } from './task-queue';

const { workerId, leaseMs } = CLAIM;

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

describe('a full Redis', () => {
  afterEach(() => server.redis.config('SET', 'maxmemory', '0'));

  it('refuses new tasks, and still drains: claim, renew, reassert, ack, putBack, promote, expired, sweep, epoch', async () => {
    await queue.enqueue(['a', 'b', 'c', 'd', 'e'].map((id) => dispatch(id)));
    await queue.enqueue([dispatch('p', { priority: 5 })]);
    await queue.enqueue([dispatch('later', {}, Date.now() + IN_AN_HOUR)]);
    await server.redis.zadd('millrace:delayed_tasks', 1, '{"id":"due","name":"x"}');
    await server.redis.lpush('millrace:tasks', 'not json');
    await queue.waitForWork({ workerId: 'dead', timeoutMs: 1_000 });
    await server.redis.zadd('millrace:workers', 1, 'dead');
    await server.redis.config('SET', 'maxmemory', '1');

    await expect(queue.enqueue([dispatch('new')])).rejects.toThrow(QueueUnavailable);
    await expect(access.client.submit('new', {})).rejects.toThrow(QueueUnavailable);

    expect(await queue.repair.sweepLandings({ olderThanMs: 1_000 })).toBe(1);
    expect(await queue.promote({ limit: 10 })).toMatchObject({ moved: 1 });
    const claims = await queue.claim(CLAIM);
    expect(claims.map(({ taskId }) => taskId)).toEqual(['p', 'a', 'b', 'c', 'd', 'e', 'due']);
    expect(await queue.depth()).toMatchObject({ ready: 0, bad: 1, processing: 7 });
    expect(await queue.renew({ workerId, leaseMs: -1, holds: claims })).toEqual([]);
    expect(await queue.repair.expired({ graceMs: 0, limit: 100 })).toHaveLength(7);
    expect(await queue.putBack(claims.slice(0, 2), { delayMs: 0 })).toBe(2);
    expect(await queue.putBack(claims.slice(2, 3), { delayMs: IN_AN_HOUR })).toBe(1);
    await server.redis.del('millrace:processing', 'millrace:leases');
    const running = claims.slice(3).map((claim) => ({ ...claim, attempt: 1 }));
    expect(await queue.reassert({ workerId, leaseMs, claims: running })).toHaveLength(4);
    expect(await queue.ack(claims)).toBe(4);
    expect((await access.queues.checkEpoch()).lost).toBe(true);
    expect((await access.queues.checkEpoch()).lost).toBe(false);
  });

  it('lets waits pace their caller instead of failing', async () => {
    await server.redis.config('SET', 'maxmemory', '1');
    await queue.enqueue([]);

    const startedAt = performance.now();
    await queue.waitForWork({ workerId, timeoutMs: 20_000 });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('a Redis that loses things', () => {
  it('loads its scripts again after SCRIPT FLUSH', async () => {
    await queue.enqueue([dispatch('a')]);
    await server.redis.script('FLUSH');
    await queue.enqueue([dispatch('b')]);
    await server.redis.script('FLUSH');
    const claims = await queue.claim(CLAIM);
    await server.redis.script('FLUSH');

    expect(await queue.ack(claims)).toBe(2);
  });

  it('is told by the epoch: first by the process that sets it again, then by every other', async () => {
    const other = createQueues(new QueueOptions({ redisUrl: server.url }));
    expect(await access.queues.checkEpoch()).toMatchObject({ lost: true, isFirst: true });
    expect(await other.queues.checkEpoch()).toMatchObject({ lost: false, isFirst: true });
    expect(await access.queues.checkEpoch()).toMatchObject({ lost: false, isFirst: false });

    await server.redis.flushall();

    expect((await access.queues.checkEpoch()).lost).toBe(true);
    expect((await other.queues.checkEpoch()).lost).toBe(true);
    expect((await access.queues.checkEpoch()).lost).toBe(false);
    expect((await other.queues.checkEpoch()).lost).toBe(false);
    await other.close();
  });

  it('is told by the epoch when another server answers that has the same data', async () => {
    const { identity } = await access.queues.checkEpoch();
    const mark = (await server.redis.get('millrace:epoch')) ?? '';
    await server.restart();
    await eventually(() => server.redis.set('millrace:epoch', mark), 10_000);

    const check = await eventually(() => access.queues.checkEpoch(), 10_000);

    expect(check.lost).toBe(true);
    expect(check.identity).not.toBe(identity);
  });
});

describe('a Redis that is away', () => {
  it('fails calls at once after a second, keeps none of them, and is used again when it is back', async () => {
    await queue.enqueue([dispatch('a')]);
    await server.stop();
    await eventually(() => expect(access.connections.connected).toBe(false));
    await expect(access.connections.ping()).rejects.toThrow(QueueUnavailable);

    const startedAt = performance.now();
    for (let calls = 0; calls < 20; calls += 1)
      await expect(queue.enqueue([dispatch(`t${calls}`)])).rejects.toThrow(QueueUnavailable);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await access.cancels.publish('a');

    await server.restart();
    await eventually(() => access.connections.ping(), 10_000);
    expect(await queue.depth()).toMatchObject({ ready: 0 });
    expect(await queue.enqueue([dispatch('b')])).toBe(1);
  });

  it('fails a call that is under way when the connection breaks', async () => {
    await access.connections.ping();
    await server.kill('SIGSTOP');
    const call = queue.depth().catch((error: unknown) => error);
    await server.kill('SIGKILL');

    expect(await call).toBeInstanceOf(QueueUnavailable);
    await server.restart();
  });

  it('fails a call within seconds while the server is frozen, and recovers', async () => {
    await access.connections.ping();
    await server.kill('SIGSTOP');
    const startedAt = performance.now();
    try {
      await expect(access.connections.ping()).rejects.toThrow(QueueUnavailable);
      expect(performance.now() - startedAt).toBeLessThan(1_900);
      await expect(queue.depth()).rejects.toThrow(QueueUnavailable);
    } finally {
      await server.kill('SIGCONT');
    }
    await eventually(() => access.connections.ping(), 20_000);
  });

  it('closes within two seconds', async () => {
    await access.connections.ping();
    await server.kill('SIGSTOP');
    const startedAt = performance.now();
    await access.close();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await server.kill('SIGCONT');
    await expect(queue.depth()).rejects.toThrow(QueueUnavailable);
  });
});
