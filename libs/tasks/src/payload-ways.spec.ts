import type { QueueAccess } from '@millrace/queue';
import type { Store } from '@millrace/store';
import type { TestRedis } from '@millrace/testing';
import { describe, expect, it } from 'vitest';
import { InvalidTask, TaskPolicy, type Submission, type TaskSubmitter } from './index';
import { withStores } from './stores.fixture';

type Json = Submission['payload'];

/** Below the default, so that the setting is what decides. */
const MAX_BYTES = 2_000;

const deep = (levels: number): Json => Array.from({ length: levels }).reduce<Json>((inner) => [inner], 'end');

/** Payloads that no way takes, and the place that each fault names. */
const REFUSED: readonly (readonly [what: string, payload: Json, field: string])[] = [
  ['a NUL', { a: [{ b: 'x\0' }] }, 'payload.a[0].b'],
  ['a NUL in a key', { a: { 'k\0': 1 } }, 'payload.a'],
  ['the first half of a surrogate pair', { a: '\ud83d' }, 'payload.a'],
  ['the second half of one', ['\udfff'], 'payload[0]'],
  ['33 levels', deep(33), `payload${'[0]'.repeat(32)}`],
  ['one byte too many', 'x'.repeat(MAX_BYTES - 1), 'payload'],
  ['too many bytes in few characters', '\u20ac'.repeat(Math.ceil(MAX_BYTES / 3)), 'payload'],
];

/** Payloads that every way takes, and gives to a handler as they are. */
const TAKEN: readonly (readonly [what: string, payload: Json])[] = [
  ['a whole surrogate pair', { text: '\u{1f600}' }],
  ['text that only looks like a NUL', { path: 'C:\\u0000' }],
  ['32 levels', deep(32)],
  ['as many bytes as there may be', 'x'.repeat(MAX_BYTES - 2)],
  ['null', null],
  ['an empty object', {}],
  // What JavaScript has rounded before is a double like any other, and stays what it is.
  ['large numbers that a double holds', [2 ** 53, -(2 ** 60), 1e20, 1e300, 0.1]],
];

let store: Store;
let access: QueueAccess;
let redis: TestRedis;
let submitter: TaskSubmitter;

withStores((opened) => ({ store, access, redis, submitter } = opened), new TaskPolicy({ maxPayloadBytes: MAX_BYTES }));

const FINE = { type: 'noop', name: 'noop', payload: 1 };

/** Every way in from TypeScript; `at` leads the fields of its faults. */
const WAYS: Readonly<
  Record<string, { readonly at: string; readonly send: (payload: Json, type?: string) => Promise<unknown> }>
> = {
  'TaskSubmitter.submit': { at: '', send: (payload, type = 'noop') => submitter.submit(type, payload) },
  'TaskSubmitter.submitMany': {
    at: 'tasks[1].',
    send: (payload, type = 'noop') => submitter.submitMany([FINE, { type, payload }]),
  },
  'submit in a transaction': {
    at: '',
    send: (payload, type = 'noop') =>
      store.tasks.transaction((manager) => submitter.submit(type, payload, { manager })),
  },
  'QueueClient.submit': { at: '', send: (payload, name = 'noop') => access.client.submit(name, payload) },
  'QueueClient.submitIn': { at: '', send: (payload, name = 'noop') => access.client.submitIn('1s', name, payload) },
  'QueueClient.submitMany': {
    at: 'tasks[1].',
    send: (payload, name = 'noop') => access.client.submitMany([FINE, { name, payload }]),
  },
};

async function counts() {
  const { ready, delayed, bad } = await access.queues.of('default').depth();
  return { rows: await store.queries.countByStatus(), ready, delayed, bad };
}

const claim = () => access.queues.of('default').claim({ workerId: 'w', limit: 500, leaseMs: 60_000 });

describe.each(Object.entries(WAYS))('%s', (_way, { at, send }) => {
  it.each(REFUSED)('refuses %s, names the place, and takes nothing', async (_what, payload, field) => {
    const before = await counts();

    const refusal = await send(payload).catch((error: unknown) => error);

    expect(refusal).toBeInstanceOf(InvalidTask);
    expect((refusal as InvalidTask).errors.map((fault) => fault.field)).toEqual([`${at}${field}`]);
    expect(await counts()).toEqual(before);
  });

  it.each(TAKEN)('takes %s', async (_what, payload) => {
    await expect(send(payload)).resolves.toBeDefined();
  });

  it('refuses a type that is reserved for functions', async () => {
    const before = await counts();

    const refusal = await send({}, 'scheduled:rebuild').catch((error: unknown) => error);

    expect(refusal).toBeInstanceOf(InvalidTask);
    const [{ field, message } = { field: '', message: '' }] = (refusal as InvalidTask).errors;
    expect(field).toMatch(/^(tasks\[1\]\.)?(type|name)$/);
    expect(message).toContain('must not begin with scheduled:');
    expect(await counts()).toEqual(before);
  });
});

describe('LPUSH', () => {
  const push = async (payload: Json, name = 'noop') => {
    while ((await claim()).length > 0);
    await redis.redis.lpush(`${redis.prefix}:tasks`, JSON.stringify({ id: 'raw', name, payload }));
    const claims = await claim();
    await access.queues.of('default').ack(claims);
    return claims;
  };

  it.each(REFUSED)('of %s is set aside as bad', async (_what, payload) => {
    const { bad } = await counts();

    expect(await push(payload)).toEqual([]);
    expect((await counts()).bad).toBe(bad + 1);
  });

  it('of a type that is reserved for functions is set aside with the reason', async () => {
    expect(await push({}, 'scheduled:rebuild')).toEqual([]);

    const [newest] = await redis.redis.lrange(`${redis.prefix}:bad`, 0, 0);
    expect(newest).toContain('name must not begin with scheduled:');
  });

  it.each(['9007199254740993', '{"n":-123456789012345678901}', '1e400'])(
    'of %s, which reading would change, is set aside as bad',
    async (text) => {
      while ((await claim()).length > 0);
      const { bad } = await counts();
      await redis.redis.lpush(`${redis.prefix}:tasks`, `{"id":"raw","name":"noop","payload":${text}}`);

      expect(await claim()).toEqual([]);
      expect((await counts()).bad).toBe(bad + 1);
    },
  );

  it.each(TAKEN)('of %s is taken, and recorded as it is', async (_what, payload) => {
    const [taken] = await push(payload);

    expect(taken?.raw?.payload).toEqual(payload);
  });
});
