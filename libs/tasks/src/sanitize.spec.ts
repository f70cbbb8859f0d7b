import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sanitizeForRecord, sanitizeText } from './sanitize';

const recorded = (value: unknown): unknown => JSON.parse(sanitizeForRecord(value) ?? 'null');

describe('what a handler returned, made fit for the record', () => {
  it('keeps every JSON value that can be stored', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        fc.pre(!JSON.stringify(value).includes('\\u0000'));
        expect(recorded(value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('never holds NUL or a lone surrogate, whatever the strings were', () => {
    const anyUnits = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

    fc.assert(
      fc.property(anyUnits, anyUnits, (key, text) => {
        const json = sanitizeForRecord({ [key]: text }) ?? '';

        expect(json).not.toMatch(/\0|\p{Surrogate}/u);
        expect(JSON.stringify(JSON.parse(json))).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/);
      }),
    );
  });

  it('does not mistake an escaped backslash for an escape', () => {
    expect(recorded({ path: 'C:\\u0000\\ud800' })).toEqual({ path: 'C:\\u0000\\ud800' });
  });

  it.each([
    [undefined, null],
    [() => 1, null],
    [{ big: 12345678901234567890n }, { big: '12345678901234567890' }],
    ['a\0b', 'a\ufffdb'],
  ])('records %o without failing', (value, expected) => {
    expect(recorded(value)).toEqual(expected);
  });

  it('says why a value cannot be recorded', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    let deep: unknown = 1;
    for (let level = 0; level < 600; level += 1) deep = [deep];

    expect(recorded(loop)).toEqual({ unrecordable: expect.stringContaining('circular') as string });
    expect(recorded(deep)).toEqual({ unrecordable: 'nested deeper than 512 levels' });
    expect(
      recorded({
        toJSON: () => {
          throw new Error('no\0');
        },
      }),
    ).toEqual({ unrecordable: 'no\ufffd' });
  });

  it.each(['x', '€', '"', '\u0001', '😀'])('cuts and marks a result over 1 MiB made of %j', (unit) => {
    const json = sanitizeForRecord(unit.repeat(1_200_000)) ?? '';

    expect(JSON.parse(json)).toMatchObject({ truncated: true, bytes: expect.any(Number) as number });
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(1024 * 1024);
  });

  it('cuts long text without leaving half a character', () => {
    expect(sanitizeText('ab😀', 3)).toBe('ab\ufffd… (cut, 4 characters)');
  });
});
