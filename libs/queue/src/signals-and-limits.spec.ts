import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { eventually, ownRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQueues } from './create-queues';
import { QueueOptions } from './queue-options';
import { queueFixture, type QueueFixture } from './queue.fixture';

let fixture: QueueFixture;
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture.close());

describe('CancelSignals', () => {
  it('reach the listeners of every process until they end their subscription', async () => {
    const other = createQueues(fixture.options);
    const heard: string[] = [];
    const end = other.cancels.subscribe((taskId) => heard.push(taskId));
    await eventually(async () => {
      await fixture.access.cancels.publish('a');
      expect(heard).toContain('a');
    });

    end();
    const before = heard.length;
    let isLast = false;
    other.cancels.subscribe((taskId) => (isLast = taskId === 'last'));
    await fixture.access.cancels.publish('last');
    await eventually(() => expect(isLast).toBe(true));
    expect(heard).toHaveLength(before);
    await other.close();
  });

  it('are heard again after Redis restarted', async () => {
    const server = await ownRedis();
    const access = createQueues(new QueueOptions({ redisUrl: server.url }));
    const heard: string[] = [];
    access.cancels.subscribe((taskId) => heard.push(taskId));
    await server.restart();

    await eventually(async () => {
      await access.cancels.publish('a');
      expect(heard).toContain('a');
    }, 10_000);
    await access.close();
    await server.close();
  });
});

describe('CancelSignals on a line that goes dead without a word', () => {
  it('are heard again over a new connection', async () => {
    const line = await mortalLine(fixture.options.redisUrl);
    const access = createQueues(new QueueOptions({ redisUrl: line.url, prefix: fixture.options.prefix }));
    const heard: string[] = [];
    access.cancels.subscribe((taskId) => heard.push(taskId));
    await eventually(async () => {
      await fixture.access.cancels.publish('before');
      expect(heard).toContain('before');
    });

    line.killConnections();
    await eventually(async () => {
      await fixture.access.cancels.publish('after');
      expect(heard).toContain('after');
    }, 60_000);

    await access.close();
    line.close();
  }, 90_000);
});

describe('RateLimiter', () => {
  it('counts each key on its own, together with other replicas', async () => {
    const other = createQueues(fixture.options);
    await Promise.all([other.connections.ping(), fixture.access.connections.ping()]);
    const limit = { limit: 3, windowMs: 60_000 };

    expect(await fixture.access.rateLimiter.consume('k', limit)).toMatchObject({ allowed: true, remaining: 2 });
    expect(await other.rateLimiter.consume('k', limit)).toMatchObject({ allowed: true });
    await fixture.access.rateLimiter.consume('k', limit);
    const refused = await fixture.access.rateLimiter.consume('k', limit);

    expect(refused).toMatchObject({ allowed: false, remaining: 0 });
    expect(refused.resetMs).toBeGreaterThan(0);
    expect(refused.resetMs).toBeLessThanOrEqual(60_000);
    expect(await fixture.access.rateLimiter.consume('other', limit)).toMatchObject({ allowed: true });
    expect(await fixture.redis.keys(`${fixture.options.prefix}:rate:*`)).toHaveLength(2);
    await other.close();
  });

  it('counts calls of the same moment one by one, up to the limit', async () => {
    const limit = { limit: 5, windowMs: 60_000 };
    const { rateLimiter } = fixture.access;
    await rateLimiter.consume('crowd', limit);

    const answers = await Promise.all(Array.from({ length: 6 }, () => rateLimiter.consume('crowd', limit)));
    const apart = await rateLimiter.consume('apart', limit);

    expect(answers.map(({ allowed }) => allowed)).toEqual([true, true, true, true, false, false]);
    expect(answers.map(({ remaining }) => remaining)).toEqual([3, 2, 1, 0, 0, 0]);
    expect(apart).toMatchObject({ allowed: true, remaining: 4 });
  });

  it('counts by itself while Redis is away', async () => {
    const server = await ownRedis();
    const access = createQueues(new QueueOptions({ redisUrl: server.url }));
    await access.connections.ping();
    await server.stop();
    const limit = { limit: 2, windowMs: 60_000 };

    const answers = [];
    for (let calls = 0; calls < 3; calls += 1) answers.push((await access.rateLimiter.consume('k', limit)).allowed);

    expect(answers).toEqual([true, true, false]);
    await access.close();
    await server.close();
  });
});

/** A line to a server. Connections that were killed stay open, and nothing passes them any more. */
async function mortalLine(serverUrl: string) {
  const { hostname, port } = new URL(serverUrl);
  let killed = 0;
  let made = 0;
  const server = createServer((client) => {
    const number = (made += 1);
    const target = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      from.on('data', (data) => number > killed && to.write(data));
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return { url: url.href, killConnections: () => (killed = made), close: () => server.close() };
}
