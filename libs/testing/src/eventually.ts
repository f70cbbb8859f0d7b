import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats a check until it no longer throws and returns its value; after `timeoutMs` (default 5 s) it throws the last
 * error. For what another process or connection brings about; give about ten times what it usually takes.
 */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 5_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
      await sleep(10);
    }
  }
}
