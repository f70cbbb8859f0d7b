// @ts-check
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cpuMs } from './cpu.mjs';

it.runIf(existsSync('/proc/self/stat'))('counts the CPU time that a process uses', () => {
  const before = cpuMs(process.pid) ?? 0;

  const deadline = performance.now() + 200;
  while (performance.now() < deadline);

  expect((cpuMs(process.pid) ?? 0) - before).toBeGreaterThanOrEqual(20);
});

it('knows nothing of a process that does not exist', () => {
  expect(cpuMs(2 ** 30)).toBeUndefined();
});
