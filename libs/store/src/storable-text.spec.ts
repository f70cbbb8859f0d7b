import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonObject, storableJson, storableText } from './storable-text';

test('whole text is left as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!text.includes('\0'));
      expect(storableText(text)).toBe(text);
      expect(storableJson(JSON.stringify(text))).toBe(JSON.stringify(text));
    }),
  );
});

test('whatever JavaScript can put into JSON becomes what PostgreSQL can hold', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('\0', '\ud800', '\udc00', 'a', '\\', 'u0000', '"', '\ud83d\ude00')),
      (parts) => {
        const text = parts.join('');
        const stored = JSON.parse(storableJson(JSON.stringify({ [text]: text }))) as Record<string, string>;
        expect(Object.entries(stored)).toEqual([[storableText(text), storableText(text)]]);
      },
    ),
  );
});

test('NUL and half pairs become U+FFFD, a backslash before u0000 is only a backslash', () => {
  expect(storableText('a\0b\ud800c\udc00')).toBe('a\ufffdb\ufffdc\ufffd');
  expect(storableJson('"\\u0000 \\\\u0000 \\uD83D\\uDE00 \\uD83D"')).toBe('"\\ufffd \\\\u0000 \\uD83D\\uDE00 \\ufffd"');
});

test('JSON text goes into an object unparsed', () => {
  expect(jsonObject({ a: 1 }, { b: '1.50', c: null })).toBe('{"a":1,"b":1.50,"c":null}');
  expect(jsonObject({}, { b: '[]' })).toBe('{"b":[]}');
  expect(jsonObject({ a: 'x' }, {})).toBe('{"a":"x"}');
});
