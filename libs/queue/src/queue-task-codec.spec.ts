import type { QueueTask } from '@millrace/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedEntry } from './queue-errors';
import { decodeQueueTask, encodeQueueTask } from './queue-task-codec';

const count = fc.integer({ min: 0, max: 1_000 });
const ms = fc.integer({ min: 1, max: 1e9 });
const instant = fc
  .date({ min: new Date(0), max: new Date('9999-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const payload = fc
  .jsonValue({ maxDepth: 5, stringUnit: 'binary' })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

const queueTask = fc.record(
  {
    id: fc.stringMatching(/^[A-Za-z0-9._:-]{1,128}$/),
    name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,60}$/),
    payload,
    attempt: count,
    priority: fc.integer({ min: 1, max: 9 }),
    max_retry: count,
    retry_count: count,
    retry_delay: ms,
    timeout: ms,
    created_at: instant,
    expires_at: instant,
    user_id: fc.stringMatching(/^[a-z ]{1,20}$/),
    backoff: fc.record(
      { type: fc.constantFrom('fixed', 'exponential'), max: ms, jitter: fc.double({ min: 0, max: 1, noNaN: true }) },
      { requiredKeys: ['type'] },
    ),
  },
  { requiredKeys: ['id', 'name', 'payload', 'attempt'] },
) as fc.Arbitrary<QueueTask>;

describe('encodeQueueTask', () => {
  it('is read back as the same task', () => {
    fc.assert(
      fc.property(queueTask, (task) => {
        // JSON has no negative zero.
        expect(decodeQueueTask(encodeQueueTask(task))).toEqual(JSON.parse(JSON.stringify(task)));
      }),
    );
  });

  it('puts id, attempt and a priority first, whatever the order of the fields', () => {
    expect(encodeQueueTask({ payload: 1, name: 'x', priority: 3, attempt: 0, id: 'a' })).toMatch(
      /^{"id":"a","attempt":0,"priority":3,"/,
    );
    expect(encodeQueueTask({ payload: 1, name: 'x', priority: 0, attempt: 0, id: 'a' })).toBe(
      '{"id":"a","attempt":0,"name":"x","payload":1}',
    );
    expect(encodeQueueTask({ id: 'a', name: 'x', payload: 1 })).toBe('{"id":"a","name":"x","payload":1}');
  });
});

describe('decodeQueueTask', () => {
  it('accepts camelCase spellings, durations as text, epoch milliseconds, null as absent, and unknown fields', () => {
    const json = JSON.stringify({
      id: 'a',
      name: 'x',
      payload: { keepMe: 1 },
      maxRetry: 3,
      retryCount: 1,
      retryDelay: '5s',
      timeout: '1m30s',
      createdAt: 0,
      expiresAt: '2030-01-01T00:00:00+01:00',
      userId: 'u',
      backoff: { type: 'fixed', max: '1h' },
      priority: null,
      queue: null,
      trace: { traceparent: 'p', other: 1 },
      unknown: true,
    });
    expect(decodeQueueTask(json)).toEqual({
      id: 'a',
      name: 'x',
      payload: { keepMe: 1 },
      max_retry: 3,
      retry_count: 1,
      retry_delay: 5_000,
      timeout: 90_000,
      created_at: '1970-01-01T00:00:00.000Z',
      expires_at: '2029-12-31T23:00:00.000Z',
      user_id: 'u',
      backoff: { type: 'fixed', max: 3_600_000 },
      trace: { traceparent: 'p' },
    });
  });

  it('prefers the snake_case spelling', () => {
    expect(decodeQueueTask('{"id":"a","name":"x","maxRetry":1,"max_retry":2}')).toMatchObject({ max_retry: 2 });
  });

  it('takes a missing payload for an empty object', () => {
    expect(decodeQueueTask('{"id":"a","name":"x"}')).toEqual({ id: 'a', name: 'x', payload: {} });
  });

  it('does not take inherited properties for fields', () => {
    expect(() => decodeQueueTask('{"__proto__":{"id":"a","name":"x"}}')).toThrow(MalformedEntry);
  });

  it.each([
    ['{"id":"a","name":5}', 'name'],
    ['{"id":"a","name":""}', 'name'],
    ['{"id":"","name":"x"}', 'id'],
    ['{"id":"a","name":"x","attempt":1.5}', 'attempt'],
    ['{"id":"a","name":"x","priority":10}', 'priority'],
    ['{"id":"a","name":"x","retry_delay":"soon"}', 'retry_delay'],
    ['{"id":"a","name":"x","timeout":-1}', 'timeout'],
    ['{"id":"a","name":"x","backoff":"fixed"}', 'backoff'],
    ['{"id":"a","name":"x","backoff":{"type":"linear"}}', 'backoff.type'],
    ['{"id":"a","name":"x","backoff":{"type":"fixed","max":{}}}', 'backoff.max'],
    ['{"id":"a","name":"x","created_at":"yesterday"}', 'created_at'],
    ['{"id":"a","name":"x","expires_at":true}', 'expires_at'],
    ['{"id":"a","name":"x","queue":"a:b"}', 'queue'],
    ['{"id":"a","name":"x","payload":{"k":"\\u0000"}}', 'payload.k'],
    ['{"id":"a","name":"x","payload":{"k":"\\ud800"}}', 'payload.k'],
    ['{"id":"a","name":"x","payload":{"\\u0000":1}}', 'payload'],
    ['{"id":"a","name":"x","payload":1e999}', 'payload'],
    [`{"id":"a","name":"x","payload":${'['.repeat(33)}${']'.repeat(33)}}`, `payload${'[0]'.repeat(32)}`],
    [`{"id":"a","name":"x","payload":"${'x'.repeat(256 * 1024)}"}`, 'payload'],
  ])('refuses %s and names %s', (json, field) => {
    expect(() => decodeQueueTask(json)).toThrow(expect.objectContaining({ name: 'MalformedEntry', field }) as Error);
  });

  it('takes a payload of any size that the platform is set to, whatever stands beside it', () => {
    const json = `{"id":"a","name":"x","payload":"${'x'.repeat(1_000)}","note":"${'y'.repeat(2_000)}"}`;

    expect(decodeQueueTask(json, 1_002).payload).toHaveLength(1_000);
    expect(() => decodeQueueTask(json, 1_001)).toThrow(MalformedEntry);
  });

  it('refuses any other text with nothing but MalformedEntry', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.json().map((json) => `{"id":"a","name":"x","payload":1,"backoff":${json}}`),
    );
    fc.assert(
      fc.property(text, (json) => {
        try {
          decodeQueueTask(json);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedEntry);
        }
      }),
    );
  });
});
