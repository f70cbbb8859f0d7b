import { eventually, ownRedis, type OwnRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterNode, type NodeAddress } from './cluster-node';
import { createQueues } from './create-queues';
import { QueueOptions } from './queue-options';
import { CLAIM, dispatch, IN_AN_HOUR, queueFixture } from './queue.fixture';

const SLOTS = 16_384;

describe('ClusterNode', () => {
  it('follows the node that MOVED names, and only that', () => {
    const address: NodeAddress = { host: 'seed', port: 6379 };
    const node = new ClusterNode(address);

    expect(node.followIfMoved('READONLY You can not write')).toBe(false);
    expect(node.followIfMoved('MOVED 3999 10.0.0.2:6381')).toBe(true);
    expect(address).toEqual({ host: '10.0.0.2', port: 6381 });
    expect(node.followIfMoved('MOVED 3999 :6382')).toBe(true);
    expect(address).toEqual({ host: '10.0.0.2', port: 6382 });
    expect(node.followIfMoved('MOVED 3999 fd00::1:6383')).toBe(true);
    expect(address).toEqual({ host: 'fd00::1', port: 6383 });
  });

  it('returns to the configured address when the other node stays silent', () => {
    const address: NodeAddress = { host: 'seed', port: 6379 };
    const node = new ClusterNode(address);
    node.followIfMoved('MOVED 1 other:1');

    node.returnIfLost(1);
    node.returnIfLost(2);
    expect(address.host).toBe('other');
    node.returnIfLost(3);
    expect(address).toEqual({ host: 'seed', port: 6379 });
  });
});

describe('on a Redis Cluster', () => {
  let nodes: OwnRedis[];
  beforeAll(async () => {
    // Silences the log.
    await (await queueFixture()).close();
    nodes = await Promise.all([ownRedis({ cluster: 'node' }), ownRedis({ cluster: 'node' })]);
    const [first, second] = nodes;
    if (!first || !second) throw new Error('two nodes were started');
    const half = Array.from({ length: SLOTS / 2 }, (_, slot) => slot);
    await first.redis.cluster('ADDSLOTS', half);
    await second.redis.cluster(
      'ADDSLOTS',
      half.map((slot) => slot + SLOTS / 2),
    );
    await first.redis.cluster('MEET', '127.0.0.1', second.port);
    await eventually(async () => {
      for (const { redis } of nodes) expect(await redis.cluster('INFO')).toContain('cluster_state:ok');
    }, 20_000);
  });
  afterAll(() => Promise.all(nodes.map((node) => node.close())));

  it.each([0, 1])('works through node %i, whichever owns the keys', async (entry) => {
    // The tags lie in the lower and in the upper half of the slots.
    for (const prefix of ['{bar}', '{foo}']) {
      const access = createQueues(
        new QueueOptions({ redisUrl: nodes[entry]?.url ?? '', prefix: `${prefix}-${entry}` }),
      );
      await access.connections.verify();
      const queue = access.queues.of('mail');

      const all = await Promise.all([
        queue.enqueue([dispatch('a'), dispatch('b', {}, Date.now() + IN_AN_HOUR)]),
        access.client.submit('noop', {}, { queue: 'mail' }),
        access.queues.checkEpoch(),
      ]);
      expect(all[0]).toBe(2);
      const claims = await queue.claim(CLAIM);
      expect(claims).toHaveLength(2);
      expect(await queue.ack(claims)).toBe(2);

      const wait = eventually(async () => {
        await queue.waitForWork({ workerId: CLAIM.workerId, timeoutMs: 5_000 });
        const more = await queue.claim(CLAIM);
        expect(more).toHaveLength(1);
      });
      await queue.enqueue([dispatch('c')]);
      await wait;

      const heard: string[] = [];
      access.cancels.subscribe((taskId) => heard.push(taskId));
      await eventually(async () => {
        await access.cancels.publish('c');
        expect(heard).toContain('c');
      });
      await access.close();
    }
  });

  it('hears of changes of the delayed set, whichever node owns it', async () => {
    for (const prefix of ['{bar}', '{foo}']) {
      const access = createQueues(new QueueOptions({ redisUrl: nodes[0]?.url ?? '', prefix }));
      const queue = access.queues.of('default');
      // Comes to rest once the connection has found its node.
      await eventually(async () => {
        const startedAt = performance.now();
        await queue.waitForDelayedChange({ timeoutMs: 150 });
        expect(performance.now() - startedAt).toBeGreaterThan(145);
      });

      const startedAt = performance.now();
      const waiting = queue.waitForDelayedChange({ timeoutMs: 20_000 });
      await queue.enqueue([dispatch('a', {}, Date.now() + IN_AN_HOUR)]);
      await waiting;
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      await access.close();
    }
  });
});
