import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPayload, checkPayloadSize } from './payload-rules';

describe('the payload rules', () => {
  it('take every JSON value without NUL and lone surrogates', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\0'));
    const anyJson = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 6 });

    fc.assert(
      fc.property(anyJson, text, (value, key) => {
        fc.pre(!JSON.stringify(value).includes('\\u0000'));
        expect(checkPayload({ [key]: value })).toEqual([]);
      }),
    );
  });

  it.each([
    [{ a: [0, { b: 'x\0y' }] }, 'payload.a[1].b', 'NUL'],
    [{ a: '\ud800' }, 'payload.a', 'lone surrogates'],
    [{ a: '\udc00\ud800' }, 'payload.a', 'lone surrogates'],
    [{ 'k\0': 1 }, 'payload', 'key'],
    [{ a: Number.NaN }, 'payload.a', 'finite'],
    [[1n], 'payload[0]', 'bigint'],
    [[undefined], 'payload[0]', 'undefined'],
    [{ at: new Date(0) }, 'payload.at', 'instance of a class'],
    [{ of: new Map() }, 'payload.of', 'instance of a class'],
  ])('refuse %o, naming %s', (payload, field, reason) => {
    const faults = checkPayload(payload);

    expect(faults).toHaveLength(1);
    expect(faults[0]?.field).toBe(field);
    expect(faults[0]?.message).toContain(reason);
  });

  it('allow 32 levels and refuse 33', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

    expect(checkPayload(nested(32))).toEqual([]);
    expect(checkPayload(nested(33))[0]?.message).toContain('32 levels');
  });

  it('end on a value that contains itself', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;

    expect(checkPayload(loop)).toHaveLength(1);
  });

  it('list at most ten faults', () => {
    expect(checkPayload(Array.from({ length: 1_000 }, () => '\0'))).toHaveLength(10);
  });

  it('count bytes, not characters', () => {
    expect(checkPayloadSize('"€€"', 8)).toEqual([]);
    expect(checkPayloadSize('"€€"', 7)[0]?.message).toContain('got 8');
  });
});
