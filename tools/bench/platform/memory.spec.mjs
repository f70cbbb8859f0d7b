// @ts-check
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { peakRssMib, rssMib } from './memory.mjs';

it.runIf(existsSync('/proc/self/status'))('tells the memory of a process and the most that it has had', () => {
  const nowMib = rssMib(process.pid) ?? 0;

  expect(nowMib).toBeGreaterThan(10);
  expect(peakRssMib(process.pid)).toBeGreaterThanOrEqual(nowMib);
});

it('knows nothing of a process that does not exist', () => {
  expect(rssMib(2 ** 30)).toBeUndefined();
});
