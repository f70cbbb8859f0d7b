import { InvalidTask, parseRoutes, type TaskOptions } from '@millrace/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createQueues, type QueueAccess } from './create-queues';
import { queueKeys } from './keys';
import type { QueueClient } from './queue-client';
import { QueueOptions } from './queue-options';
import { CLAIM, queueFixture, type QueueFixture } from './queue.fixture';

let fixture: QueueFixture;
let access: QueueAccess;
let client: QueueClient;
let prefix = 0;
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture.close());
beforeEach(async () => {
  await access?.close();
  prefix += 1;
  access = createQueues(
    new QueueOptions({
      redisUrl: fixture.options.redisUrl,
      prefix: `${fixture.options.prefix}-${prefix}`,
      routes: parseRoutes('send_email:mail,report.*:reports'),
    }),
  );
  client = access.client;
});
afterAll(() => access.close());

const keysOf = (queue: string) => queueKeys(`${fixture.options.prefix}-${prefix}`, queue);

describe('submit', () => {
  it('pushes an entry without attempt that any worker may claim', async () => {
    const { id } = await client.submit('noop', { a: [1, null] });

    const [claim] = await access.queues.of('default').claim(CLAIM);
    expect(claim?.raw).toMatchObject({ id, name: 'noop', payload: { a: [1, null] }, queue: 'default' });
    expect(claim?.attempt).toBeNull();
    expect(Date.parse(claim?.raw?.created_at ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  it('carries every option', async () => {
    const options: TaskOptions = {
      taskId: 'order:17',
      queue: 'orders',
      priority: 4,
      maxRetry: 7,
      retryDelay: '1m',
      backoff: { type: 'fixed', max: '1h', jitter: 0.1 },
      timeout: '30s',
      expiresAt: new Date('2099-01-01T00:00:00Z'),
      userId: 'u1',
      trace: { traceparent: '00-1-2-01' },
    };
    expect(await client.submit('ship', null, options)).toEqual({ id: 'order:17' });

    expect(await access.queues.of('orders').claim(CLAIM)).toMatchObject([
      {
        raw: {
          id: 'order:17',
          name: 'ship',
          priority: 4,
          max_retry: 7,
          retry_delay: 60_000,
          backoff: { type: 'fixed', max: 3_600_000, jitter: 0.1 },
          timeout: 30_000,
          expires_at: '2099-01-01T00:00:00.000Z',
          user_id: 'u1',
          trace: { traceparent: '00-1-2-01' },
        },
      },
    ]);
  });

  it('goes where the routes send its type, unless it names a queue', async () => {
    await client.submit('send_email', {});
    await client.submit('report.daily', {});
    await client.submit('send_email', {}, { queue: 'slow' });

    expect(await client.stats('mail')).toMatchObject({ ready: 1 });
    expect(await client.stats('reports')).toMatchObject({ ready: 1 });
    expect(await client.stats('slow')).toMatchObject({ ready: 1 });
    expect(await client.stats()).toMatchObject({ ready: 0 });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['a bad name', () => client.submit('a b', {}), 'name'],
    ['a bad id', () => client.submit('x', {}, { taskId: 'a b' }), 'task_id'],
    ['a reserved queue', () => client.submit('x', {}, { queue: 'tasks' }), 'queue'],
    ['a NUL', () => client.submit('x', { a: ['\0'] }), 'payload.a[0]'],
    ['a payload that is too large', () => client.submit('x', 'x'.repeat(300_000)), 'payload'],
    ['a bad delay', () => client.submitIn('soon', 'x', {}), 'delay'],
    ['a bad instant', () => client.submitAt(new Date(Number.NaN), 'x', {}), 'run_at'],
    [
      'one of many',
      () =>
        client.submitMany([
          { name: 'x', payload: 1 },
          { name: '', payload: 1 },
        ]),
      'tasks[1].name',
    ],
  ])('refuses %s and sends nothing', async (_kind, submit, field) => {
    const error = await submit().catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(InvalidTask);
    expect((error as InvalidTask).errors.map((fault) => fault.field)).toEqual([field]);
    expect(await client.stats()).toMatchObject({ ready: 0, unrecorded: 0 });
  });
});

describe('submitIn and submitAt', () => {
  it('delay by the clock of Redis, or until an instant; one in the past is due at once', async () => {
    await client.submitIn('10m', 'later', {}, { taskId: 'in' });
    await client.submitAt(new Date('2099-01-01T00:00:00Z'), 'later', {}, { taskId: 'at' });
    await client.submitAt(new Date(0), 'past', {});
    await client.submitIn(0, 'now', {});

    expect(await client.stats()).toMatchObject({ ready: 2, delayed: 2, unrecorded: 4 });
    const [, inMs = 0, , atMs] = await fixture.redis.zrange(keysOf('default').delayed, '0', '-1', 'WITHSCORES');
    const [seconds] = await fixture.redis.time();
    expect(Math.abs(Number(inMs) / 1_000 - Number(seconds) - 600)).toBeLessThan(5);
    expect(Number(atMs)).toBe(Date.parse('2099-01-01T00:00:00Z'));
  });
});

describe('submitMany', () => {
  it('keeps the order, in each queue, over more than one piece', async () => {
    const submissions = Array.from({ length: 1_100 }, (_, index) => ({
      name: index % 2 ? 'noop' : 'send_email',
      payload: index,
    }));

    const ids = await client.submitMany(submissions);

    expect(new Set(ids.map(({ id }) => id)).size).toBe(1_100);
    const claims = await access.queues.of('mail').claim({ ...CLAIM, limit: 500 });
    expect(claims.map(({ raw }) => raw?.payload)).toEqual(claims.map((_, index) => index * 2));
    expect(claims[1]?.taskId).toBe(ids[2]?.id);
  });
});

describe('notes of what is not recorded yet', () => {
  it('name each submit with its due time, until it is confirmed', async () => {
    const queue = access.queues.of('default');
    await client.submit('now', 1, { taskId: 'a' });
    await client.submitAt(new Date('2099-01-01T00:00:00Z'), 'later', 2, { taskId: 'b' });

    const notes = await queue.unrecorded(10);
    expect(notes.sort((one, other) => one.taskId.localeCompare(other.taskId))).toMatchObject([
      { taskId: 'a', entry: { name: 'now', payload: 1 }, dueAtMs: null },
      { taskId: 'b', entry: { name: 'later' }, dueAtMs: Date.parse('2099-01-01T00:00:00Z') },
    ]);
    expect(JSON.parse(notes[0]?.json ?? '')).toMatchObject({ id: 'a' });

    await queue.confirmRecorded(['a', 'unknown']);
    expect((await queue.unrecorded(10)).map(({ taskId }) => taskId)).toEqual(['b']);
  });

  it('are read in bounded pieces until all are confirmed', async () => {
    const queue = access.queues.of('default');
    await client.submitMany(Array.from({ length: 700 }, (_, index) => ({ name: 'noop', payload: index })));

    let confirmed = 0;
    for (let calls = 0; calls < 100 && confirmed < 700; calls += 1) {
      const notes = await queue.unrecorded(50);
      expect(notes.length).toBeLessThanOrEqual(50);
      await queue.confirmRecorded(notes.map(({ taskId }) => taskId));
      confirmed += notes.length;
    }
    expect(confirmed).toBe(700);
    expect(await queue.depth()).toMatchObject({ ready: 700, unrecorded: 0 });
  });

  it('are dropped when nobody can read them', async () => {
    const queue = access.queues.of('default');
    await fixture.redis.hset(keysOf('default').unrecorded, 'junk', 'junk');

    expect(await queue.unrecorded(10)).toEqual([]);
    expect(await queue.depth()).toMatchObject({ unrecorded: 0 });
  });
});
