import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOwnApi, type OwnApi } from '../testing/own-api.fixture';
import { expectProblem } from '../testing/problem.fixture';

let api: OwnApi;

beforeAll(async () => {
  api = await startOwnApi();
});

afterAll(() => api.close());

describe('a body that is no good JSON', () => {
  it.each<[string | Buffer, string]>([
    ['', ''],
    ['   ', ''],
    ['{', ''],
    ['{"type":"noop","payload":}', ''],
    ["{'type':'noop'}", ''],
    ['{"type":"noop","payload":1}}', ''],
    ['{"type":"noop","payload":NaN}', ''],
    ['{"type":"noop","payload":0x10}', ''],
    ['{"type":"noop","payload":[1,]}', ''],
    ['null', ''],
    ['[]', ''],
    ['"text"', ''],
    ['5', ''],
    ['true', ''],
    [Buffer.from('7b2274797065223a22ff227d', 'hex'), ''],
    [Buffer.from('{"type":"noop","payload":1}', 'utf16le'), ''],
    ['{"type":"noop","payload":"\\u0000"}', 'payload'],
    ['{"type":"noop","payload":{"a":[1,{"b":"x\\u0000"}]}}', 'payload.a[1].b'],
    ['{"type":"noop","payload":{"a\\u0000":1}}', 'payload."a\\u0000"'],
    ['{"type":"noop","payload":"\\ud800"}', 'payload'],
    ['{"type":"noop","payload":["\\udfff\\ud83d"]}', 'payload[0]'],
    ['{"type":"noop","payload":1e400}', 'payload'],
    ['{"type":"noop","payload":[-1e999]}', 'payload[0]'],
    ['{"type":"noop","payload":{"n":9007199254740993}}', 'payload.n'],
    ['{"type":"noop","payload":{"n":-12345678901234567891}}', 'payload.n'],
    ['{"type":"noop","type":"noop","payload":1}', 'type'],
    ['{"type":"noop","payload":{"a":1,"a":2}}', 'payload.a'],
    ['{"type":"noop","payload":{"__proto__":{"x":1}}}', 'payload.__proto__'],
    ['{"type":"noop","payload":1,"__proto__":{"priority":9}}', '__proto__'],
    ['{"type":"noop","payload":{"constructor":1}}', 'payload.constructor'],
    [`{"type":"noop","payload":${'['.repeat(33)}${']'.repeat(33)}}`, `payload${'[0]'.repeat(32)}`],
    [`{"type":"noop","payload":${'{"a":'.repeat(33)}1${'}'.repeat(33)}}`, `payload${'.a'.repeat(32)}`],
    [`{"type":"noop","payload":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, `payload${'[0]'.repeat(63)}`],
    [`${'['.repeat(100_000)}`, ''],
  ])('%j answers 400 and names %j', async (raw, field) => {
    expectProblem(await api.call('POST', 'tasks', { raw }), 400, field);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'x',
  ])('or none by its content type %s answers 415', async (type) => {
    expectProblem(await api.call('POST', 'tasks', { raw: '{}', headers: { 'content-type': type } }), 415);
  });

  it('or is missing answers 400', async () => {
    expectProblem(await api.call('POST', 'tasks'), 400, '');
    expectProblem(await api.call('POST', 'tasks/bulk'), 400, '');
  });

  it('or is too large answers 413', async () => {
    expectProblem(await api.call('POST', 'tasks', { raw: `{"payload":"${'x'.repeat(1024 * 1024)}"}` }), 413);
    expectProblem(await api.call('POST', 'tasks/bulk', { raw: `"${'x'.repeat(16 * 1024 * 1024)}"` }), 413);
  });

  it('never comes back in the answer', async () => {
    for (const raw of ['{"type":"hunter2"', '{"hunter2":1 2}', '{"type":"noop","payload":{"p":"hunter2\\u0000"}}']) {
      expect((await api.call('POST', 'tasks', { raw })).text).not.toContain('hunter2');
    }
  });
});

describe('a submit with a bad field', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ type: undefined }, 'type'],
    [{ payload: undefined }, 'payload'],
    [{ type: null }, 'type'],
    [{ type: '' }, 'type'],
    [{ type: 5 }, 'type'],
    [{ type: ['noop'] }, 'type'],
    [{ type: 'no op' }, 'type'],
    [{ type: '.hidden' }, 'type'],
    [{ type: 'x'.repeat(129) }, 'type'],
    [{ type: 'naïve' }, 'type'],
    [{ type: "'; DROP TABLE tasks; --" }, 'type'],
    [{ queue: '' }, 'queue'],
    [{ queue: 'a:b' }, 'queue'],
    [{ queue: 'processing' }, 'queue'],
    [{ queue: 'x'.repeat(65) }, 'queue'],
    [{ queue: 1 }, 'queue'],
    [{ queue: null }, 'queue'],
    [{ priority: -1 }, 'priority'],
    [{ priority: 10 }, 'priority'],
    [{ priority: 1.5 }, 'priority'],
    [{ priority: '5' }, 'priority'],
    [{ priority: true }, 'priority'],
    [{ priority: null }, 'priority'],
    [{ delay: -1 }, 'delay'],
    [{ delay: 1.5 }, 'delay'],
    [{ delay: '' }, 'delay'],
    [{ delay: '1w' }, 'delay'],
    [{ delay: '1h1h' }, 'delay'],
    [{ delay: '-1s' }, 'delay'],
    [{ delay: '3651d' }, 'delay'],
    [{ delay: '99999999999999999999s' }, 'delay'],
    [{ delay: {} }, 'delay'],
    [{ run_at: 'tomorrow' }, 'run_at'],
    [{ run_at: '2030-01-01' }, 'run_at'],
    [{ run_at: '2030-01-01T00:00:00' }, 'run_at'],
    [{ run_at: '2030-02-30T00:00:00Z' }, 'run_at'],
    [{ run_at: '2030-13-01T00:00:00Z' }, 'run_at'],
    [{ run_at: '2030-01-01T25:00:00Z' }, 'run_at'],
    [{ run_at: '+275760-09-13T00:00:00Z' }, 'run_at'],
    [{ run_at: '1969-12-31T23:59:59Z' }, 'run_at'],
    [{ run_at: 1_900_000_000 }, 'run_at'],
    [{ run_at: '2030-01-01T00:00:00Z', delay: '1s' }, 'run_at'],
    [{ expires_at: 'never' }, 'expires_at'],
    [{ expires_at: null }, 'expires_at'],
    [{ max_retry: -1 }, 'max_retry'],
    [{ max_retry: 1001 }, 'max_retry'],
    [{ max_retry: 'many' }, 'max_retry'],
    [{ retry_delay: '5 s' }, 'retry_delay'],
    [{ retry_delay: null }, 'retry_delay'],
    [{ backoff: 'fixed' }, 'backoff'],
    [{ backoff: [] }, 'backoff'],
    [{ backoff: null }, 'backoff'],
    [{ backoff: {} }, 'backoff.type'],
    [{ backoff: { type: 'linear' } }, 'backoff.type'],
    [{ backoff: { type: 'fixed', max: 'long' } }, 'backoff.max'],
    [{ backoff: { type: 'fixed', jitter: 2 } }, 'backoff.jitter'],
    [{ backoff: { type: 'fixed', jitter: null } }, 'backoff.jitter'],
    [{ backoff: { type: 'fixed', factor: 2 } }, 'backoff.factor'],
    [{ timeout: 0 }, 'timeout'],
    [{ timeout: 'soon' }, 'timeout'],
    [{ user_id: '' }, 'user_id'],
    [{ user_id: 5 }, 'user_id'],
    [{ user_id: 'x'.repeat(256) }, 'user_id'],
    [{ task_id: '' }, 'task_id'],
    [{ task_id: 'a/b' }, 'task_id'],
    [{ task_id: 'x'.repeat(129) }, 'task_id'],
    [{ task_id: 5 }, 'task_id'],
    [{ unique: 'key' }, 'unique'],
    [{ unique: {} }, 'unique.key'],
    [{ unique: { key: 'k' } }, 'unique.for'],
    [{ unique: { key: '', for: '1h' } }, 'unique.key'],
    [{ unique: { key: 'k', for: 'ever' } }, 'unique.for'],
    [{ unique: { key: 'k', for: 0 } }, 'unique.for'],
    [{ unique: { key: 'k', for: '1h', scope: 'x' } }, 'unique.scope'],
    [{ status: 'success' }, 'status'],
    [{ id: 1 }, 'id'],
    [{ attempt: 5 }, 'attempt'],
    [{ maxRetry: 5 }, 'maxRetry'],
    [{ trace: {} }, 'trace'],
    [{ ['x'.repeat(1_000)]: 1 }, 'x'.repeat(64)],
    [{ '': 1 }, ''],
  ])('%j answers 400 and names %s', async (bad, field) => {
    const body = { type: 'noop', payload: {}, ...bad };
    expectProblem(await api.call('POST', 'tasks', { body }), 400, field);
    expectProblem(
      await api.call('POST', 'tasks/bulk', { body: { tasks: [body] } }),
      400,
      field ? `tasks[0].${field}` : 'tasks[0].',
    );
  });

  it('lists every bad field at once', async () => {
    const body = { type: 'noop', payload: {}, colour: 1, run_at: 'x', backoff: { base: 1 } };
    const answer = await api.call('POST', 'tasks', { body });
    expect(answer.json<{ errors: { field: string }[] }>().errors.map(({ field }) => field)).toEqual([
      'colour',
      'backoff.base',
      'run_at',
    ]);
  });
});

describe('a bad bulk submit', () => {
  it.each<[unknown, string]>([
    [[], ''],
    [{}, 'tasks'],
    [{ tasks: [] }, 'tasks'],
    [{ tasks: null }, 'tasks'],
    [{ tasks: {} }, 'tasks'],
    [{ tasks: [null] }, 'tasks[0]'],
    [{ tasks: [[]] }, 'tasks[0]'],
    [{ tasks: [{ type: 'noop', payload: 1 }], dry_run: true }, 'dry_run'],
    [{ tasks: Array.from({ length: 10_001 }, () => 0) }, 'tasks'],
  ])('%# answers 400 and names %s', async (body, field) => {
    expectProblem(await api.call('POST', 'tasks/bulk', { body }), 400, field);
  });

  it('lists no more than a hundred faults of many', async () => {
    const answer = await api.call('POST', 'tasks/bulk', { body: { tasks: Array.from({ length: 10_000 }, () => 0) } });
    expectProblem(answer, 400, 'tasks[0]');
    expect(answer.json<{ errors: unknown[] }>().errors).toHaveLength(100);
  });

  it('names the path of what the reader refuses inside a task', async () => {
    const raw = '{"tasks":[{"type":"noop","payload":1},{"type":"noop","payload":{"x":"\\u0000"}}]}';
    expectProblem(await api.call('POST', 'tasks/bulk', { raw }), 400, 'tasks[1].payload.x');
  });
});

describe('whatever is sent', () => {
  const anything = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string(), fc.integer(), fc.constant(null));
  const field = fc.constantFrom(
    ...['type', 'payload', 'queue', 'priority', 'delay', 'run_at', 'expires_at', 'max_retry', 'retry_delay'],
    ...['backoff', 'timeout', 'user_id', 'task_id', 'unique', 'x', '', 'constructor', '__proto__'],
  );

  it('a submit answers 2xx or 4xx', async () => {
    const member = fc.tuple(field, anything).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
    const body = fc.oneof(
      fc.array(member, { maxLength: 6 }).map((members) => `{${members.join(',')}}`),
      fc.array(member, { maxLength: 4 }).map((members) => `{"type":"noop","payload":{},${members.join(',')}}`),
      fc.json(),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(body, async (raw) => {
        const { status, text } = await api.call('POST', 'tasks', { raw });
        expect(status, text).toBeGreaterThanOrEqual(200);
        expect(status, text).toBeLessThan(500);
      }),
      { numRuns: 400 },
    );
  });
});
