import { expect, test } from 'vitest';
import { readAnyInstant, readInstant } from './read-instant';

test.each([
  '2026-11-24 09:00:00+00',
  '2026-11-24 09:00:00.1+00',
  '2026-11-24 09:00:00.123+00',
  '2026-02-28 23:59:59.999999+00',
  '2026-11-24 09:00:00.123456+05:30',
  '12026-01-01 00:00:00+00',
  '0044-03-15 12:00:00+00 BC',
  'infinity',
])('%s is read as the driver reads it', (text) => {
  expect(readInstant(text)).toEqual(readAnyInstant(text));
});
