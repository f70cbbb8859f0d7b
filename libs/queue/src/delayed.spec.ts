import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownRedis, type OwnRedis } from '@millrace/testing';
import { createQueues } from './create-queues';
import { queueKeys } from './keys';
import { QueueOptions } from './queue-options';
import { CLAIM, dispatch, IN_AN_HOUR, queueFixture, type QueueFixture } from './queue.fixture';

let fixture: QueueFixture;
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture.close());

/** Much shorter than any timeout here, much longer than Redis takes to answer. */
const PROMPT_MS = 1_000;

async function elapsedMs(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

describe('promote', () => {
  it('moves no more than some megabytes at once, and says that more is due', async () => {
    const { queue, keys } = fixture.freshQueue();
    const large = (index: number) => `{"id":"t${index}","attempt":0,"name":"x","payload":"${'x'.repeat(250_000)}"}`;
    for (let index = 0; index < 60; index += 1) await fixture.redis.zadd(keys.delayed, 1, large(index));

    const first = await queue.promote({ limit: 500 });
    const second = await queue.promote({ limit: 500 });

    expect(first).toEqual({ moved: 50, nextDueInMs: 0 });
    expect(second).toEqual({ moved: 10, nextDueInMs: null });
  });

  it('moves what is due, the longest due first, each to the list of its priority', async () => {
    const { queue, keys } = fixture.freshQueue();
    const now = Date.now();
    const entry = (id: string, priority?: number) =>
      `{"id":"${id}","attempt":0,${priority ? `"priority":${priority},` : ''}"name":"x"}`;
    await fixture.redis.zadd(
      keys.delayed,
      now - 10,
      entry('second'),
      now - 20,
      entry('first'),
      now - 5,
      entry('p3', 3),
    );
    await fixture.redis.zadd(keys.delayed, now - 1, '{"name":"x","priority":7,"id":"raw"}', now - 1, 'not json');
    await fixture.redis.zadd(keys.delayed, now + IN_AN_HOUR, entry('later'));

    const { moved, nextDueInMs } = await queue.promote({ limit: 100 });

    expect(moved).toBe(5);
    expect(nextDueInMs).toBeGreaterThan(IN_AN_HOUR - 60_000);
    const claims = await queue.claim(CLAIM);
    expect(claims.map(({ taskId }) => taskId)).toEqual(['raw', 'p3', 'first', 'second']);
    expect(await queue.depth()).toMatchObject({ ready: 0, delayed: 1, bad: 1 });
  });

  it('does not mistake a priority inside a payload for that of the task', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('a', { payload: { priority: 9 } }, Date.now() + IN_AN_HOUR)]);
    const [json = ''] = await fixture.redis.zrange(keys.delayed, '0', '-1');
    await fixture.redis.zadd(keys.delayed, 1, json);

    await queue.promote({ limit: 1 });

    expect(await fixture.redis.lrange(keys.tasks, 0, -1)).toEqual([json]);
  });

  it('stops at the limit and says that more are due', async () => {
    const { queue, keys } = fixture.freshQueue();
    await fixture.redis.zadd(keys.delayed, 1, 'a', 2, 'b', 3, 'c');

    expect(await queue.promote({ limit: 2 })).toEqual({ moved: 2, nextDueInMs: 0 });
    expect(await queue.promote({ limit: 2 })).toEqual({ moved: 1, nextDueInMs: null });
  });

  it('survives a due time without end', async () => {
    const { queue, keys } = fixture.freshQueue();
    await fixture.redis.zadd(keys.delayed, '+inf', 'a');

    expect((await queue.promote({ limit: 2 })).nextDueInMs).toBeGreaterThan(IN_AN_HOUR);
  });

  it('moves each task once, whoever else promotes', async () => {
    const { queue, keys } = fixture.freshQueue();
    for (let id = 0; id < 100; id += 1) await fixture.redis.zadd(keys.delayed, `${id}`, `{"id":"t${id}","name":"x"}`);

    const moves = await Promise.all(Array.from({ length: 20 }, () => queue.promote({ limit: 7 })));

    expect(moves.reduce((sum, { moved }) => sum + moved, 0)).toBe(100);
    expect(await queue.depth()).toMatchObject({ ready: 100, delayed: 0 });
  });
});

describe('waitForDelayedChange', () => {
  it('ends at once when any program adds an entry due before all others', async () => {
    const { queue, keys } = fixture.freshQueue();
    await queue.enqueue([dispatch('a', {}, Date.now() + IN_AN_HOUR)]);
    await settled(queue);

    const waiting = elapsedMs(() => queue.waitForDelayedChange({ timeoutMs: 20_000 }));
    await fixture.redis.zadd(keys.delayed, Date.now(), '{"id":"raw","name":"x"}');

    expect(await waiting).toBeLessThan(PROMPT_MS);
  });

  it('ends at once for a change between two waits', async () => {
    const { queue, keys } = fixture.freshQueue();
    await settled(queue);
    await fixture.redis.zadd(keys.delayed, Date.now(), '{"id":"raw","name":"x"}');
    // Its announcement may still be on its way, which the wait has to notice as well.
    expect(await elapsedMs(() => queue.waitForDelayedChange({ timeoutMs: 20_000 }))).toBeLessThan(PROMPT_MS);
  });

  it('lasts as long as nothing changes, and not for changes of other queues', async () => {
    const { queue } = fixture.freshQueue();
    const other = fixture.freshQueue();
    await settled(queue);

    const waiting = elapsedMs(() => queue.waitForDelayedChange({ timeoutMs: 300 }));
    await fixture.redis.zadd(other.keys.delayed, 1, 'x');
    await queue.enqueue([dispatch('ready')]);

    expect(await waiting).toBeGreaterThan(290);
  });

  it('ends when the signal aborts', async () => {
    const { queue } = fixture.freshQueue();
    await settled(queue);
    const stop = new AbortController();

    const waiting = elapsedMs(() => queue.waitForDelayedChange({ timeoutMs: 20_000, signal: stop.signal }));
    stop.abort();

    expect(await waiting).toBeLessThan(PROMPT_MS);
  });

  /** Waits out the announcements of what was done before: from then on only a new change ends a wait. */
  async function settled(queue: ReturnType<QueueFixture['freshQueue']>['queue']): Promise<void> {
    for (let calls = 0; calls < 50; calls += 1)
      if ((await elapsedMs(() => queue.waitForDelayedChange({ timeoutMs: 150 }))) > 145) return;
    throw new Error('the delayed set did not come to rest');
  }

  describe('on a server of its own', () => {
    let server: OwnRedis;
    beforeAll(async () => {
      server = await ownRedis();
    });
    afterAll(() => server.close());

    it('ends at once on FLUSHALL, and after a restart', async () => {
      const access = createQueues(new QueueOptions({ redisUrl: server.url }));
      const queue = access.queues.of('default');
      await queue.enqueue([dispatch('a', {}, Date.now() + IN_AN_HOUR)]);
      await settled(queue);

      const flushed = elapsedMs(() => queue.waitForDelayedChange({ timeoutMs: 20_000 }));
      await server.redis.flushall();
      expect(await flushed).toBeLessThan(PROMPT_MS);

      const restarted = elapsedMs(() => queue.waitForDelayedChange({ timeoutMs: 20_000 }));
      await server.restart();
      expect(await restarted).toBeLessThan(10_000);
      await settled(queue);
      await access.close();
    });

    it('looks every 100 ms where Redis refuses to announce changes', async () => {
      await server.redis.acl('SETUSER', 'plain', 'on', '>secret', '~*', '&*', '+@all', '-client|tracking');
      const access = createQueues(
        new QueueOptions({ redisUrl: server.url.replace('redis://', 'redis://plain:secret@'), prefix: 'refused' }),
      );
      const queue = access.queues.of('default');
      await queue.waitForDelayedChange({ timeoutMs: 20_000 });

      const polls = await elapsedMs(async () => {
        for (let calls = 0; calls < 5; calls += 1) await queue.waitForDelayedChange({ timeoutMs: 20_000 });
      });

      expect(polls).toBeLessThan(5_000);
      expect(queueKeys('refused', 'default').delayed).toBe('refused:delayed_tasks');
      await access.close();
    });
  });
});
