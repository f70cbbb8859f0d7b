import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readHead } from './entry-head';
import { faultOf, readTaken } from './read-taken';
import { decodeQueueTask, encodeQueueTask } from './queue-task-codec';

const written = fc.record(
  {
    id: fc.stringMatching(/^[A-Za-z0-9._:-]{1,128}$/),
    name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/),
    payload: fc.jsonValue({ maxDepth: 3 }),
    attempt: fc.integer({ min: 0, max: 999_999_999 }),
    priority: fc.integer({ min: 0, max: 9 }),
    crash_count: fc.integer({ min: 0, max: 999 }),
  },
  { requiredKeys: ['id', 'name', 'payload', 'attempt'] },
);

const claimOf = (json: string, raw = null) => ({
  ...{ taskId: 't', token: 'x', queue: 'q', type: 'noop', attempt: 0, priority: 0, crashCount: 0, raw, json },
});

describe('readHead', () => {
  it('finds in every entry that Millrace wrote what parsing it finds', () => {
    fc.assert(
      fc.property(written, (task) => {
        const json = encodeQueueTask(task as Parameters<typeof encodeQueueTask>[0]);
        const { id, attempt, priority = 0, crash_count: crashCount = 0, name: type } = decodeQueueTask(json);
        expect(readHead(json)).toEqual({ id, attempt, priority, crashCount, type });
      }),
    );
  });

  it.each([
    '{"id":"t","name":"noop","payload":{}}',
    '{"attempt":0,"id":"t","name":"noop","payload":{}}',
    '{"id":"t","attempt":-1,"name":"noop","payload":{}}',
    '{"id":"t","attempt":0,"name":"no op","payload":{}}',
    '{"id":"t","attempt":0,"priority":10,"name":"noop","payload":{}}',
    ' {"id":"t","attempt":0,"name":"noop","payload":{}}',
  ])('leaves to the whole reading what it is not sure of: %s', (json) => {
    expect(readHead(json)).toBeNull();
  });
});

describe('readTaken', () => {
  it('reads the whole of an entry that Millrace did not write', () => {
    expect(readTaken('t', '{"id":"t","name":"noop","priority":3}')).toEqual({
      ...{ attempt: null, priority: 3, crashCount: 0, type: 'noop' },
      raw: { id: 't', name: 'noop', payload: {}, priority: 3 },
    });
  });

  it('tells of an entry about another task', () => {
    expect(readTaken('other', '{"id":"t","attempt":0,"name":"noop","payload":{}}')).toHaveProperty('fault');
  });
});

describe('faultOf', () => {
  it.each([
    ['{"id":"t","attempt":0,"name":"noop","payload":{"cut', /JSON/],
    ['{"id":"t","attempt":0,"name":"noop","payload":{},"max_retry":"many"}', /max_retry/],
  ])('names what follows a good head and is none: %s', (json, fault) => {
    expect(faultOf(claimOf(json))).toMatch(fault);
  });

  it('is null when all is well', () => {
    expect(faultOf(claimOf('{"id":"t","attempt":0,"name":"noop","payload":{}}'))).toBeNull();
  });
});
