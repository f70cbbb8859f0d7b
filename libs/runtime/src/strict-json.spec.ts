import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HttpProblem } from './problem';
import { parseStrictJson } from './strict-json';

function faultOf(text: string | Uint8Array): { field: string; message: string } | undefined {
  try {
    parseStrictJson(Buffer.from(text as string));
    return undefined;
  } catch (error) {
    if (error instanceof HttpProblem) return error.problem.errors?.[0];
    throw error;
  }
}

describe('strict JSON', () => {
  it('reads every JSON value as JSON.parse does', () => {
    const plain = fc.jsonValue({ maxDepth: 6 });
    fc.assert(
      fc.property(plain, (value) => {
        const text = JSON.stringify(value, null, 1);
        fc.pre(!/\\u0000|\\ud[89a-f]|__proto__|constructor/i.test(text));
        expect(parseStrictJson(Buffer.from(text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['{"a":1,"a":1}', 'a', 'stands twice'],
    ['{"a":{"b":[{"c":1,"\\u0063":2}]}}', 'a.b[0].c', 'stands twice'],
    ['{"x":"a:\\"b\\":","y":{"z":1,"z":2}}', 'y.z', 'stands twice'],
    ['{"a":{"__proto__":{}}}', 'a.__proto__', 'not accepted'],
    ['{"constructor":1}', 'constructor', 'not accepted'],
    ['{"a":[1,2,9007199254740993]}', 'a[2]', 'cannot hold'],
    ['{"a":-123456789012345678901}', 'a', 'cannot hold'],
    ['{"a":1e400}', 'a', 'cannot hold'],
    ['[[-1e999]]', '[0][0]', 'cannot hold'],
    ['{"a":"\\u0000"}', 'a', 'NUL'],
    ['{"a\\u0000":1}', '"a\\u0000"', 'NUL'],
    ['{"a":["\\ud800"]}', 'a[0]', 'surrogate'],
    ['{"a":"\\udc00\\ud800"}', 'a', 'surrogate'],
    ['{"\\ud800":1}', '"\\ud800"', 'surrogate'],
    [`${'['.repeat(65)}${']'.repeat(65)}`, '[0]'.repeat(64), 'nested'],
  ])('refuses %s and names %s', (text, field, message) => {
    expect(faultOf(text)).toMatchObject({ field, message: expect.stringContaining(message) as string });
  });

  it.each([
    ['', 'empty'],
    [' \n', 'empty'],
    ['{', 'too early'],
    ['{"a":}', 'position 5'],
    ['{"secret":"x" "b"}', 'position 14'],
    ['[1,]', 'position 3'],
    ['nul', 'position 0'],
    ['{"a":01}', 'position 6'],
    ['"a\nb"', 'position 0'],
    ['1 2', 'position 2'],
    ['"\\x"', 'position 0'],
    ['{a:1}', 'position 1'],
    [`${'['.repeat(100_000)}x`, 'position 100000'],
  ])('says where %j is no JSON', (text, message) => {
    expect(faultOf(text)?.message).toContain(message);
  });

  it('refuses bytes that are no UTF-8 and skips a byte order mark', () => {
    expect(faultOf(Buffer.from([0x22, 0xff, 0x22]))?.message).toContain('UTF-8');
    expect(parseStrictJson(Buffer.from('\ufeff{"a":1}'))).toEqual({ a: 1 });
  });

  it.each(['9007199254740992', '18014398509481984', '1e300', '0.1234567890123456789', '-0', '"\\ud83d\\ude00"'])(
    'keeps %s, which reading does not change',
    (text) => {
      expect(parseStrictJson(Buffer.from(text))).toBe(JSON.parse(text));
    },
  );

  it('finds the fault among many suspicious numbers in one pass', () => {
    const numbers = Array.from({ length: 100_000 }, () => '18014398509481984');
    expect(faultOf(`[${numbers.join(',')},1e999]`)).toMatchObject({ field: '[100000]' });
  });

  it('never repeats the content of a bad body', () => {
    for (const text of ['{"hunter2"', '["hunter2",]', '"hunter2', '{"a":"hunter2"x}']) {
      expect(JSON.stringify(faultOf(text))).not.toContain('hunter2');
    }
  });
});
