import { afterEach, describe, expect, it } from 'vitest';
import { LoopWatch } from './loop-watch';
import { Metrics } from './metrics';
import { Periodic } from './periodic';

const running: Periodic[] = [];
afterEach(() => Promise.all(running.splice(0).map((periodic) => periodic.stop())));

function setup(runOnce: (signal: AbortSignal) => Promise<unknown>, intervalMs = 1) {
  const metrics = new Metrics();
  const watch = new LoopWatch();
  const errors: unknown[] = [];
  const logger = { error: (...args: unknown[]) => void errors.push(args) };
  const periodic = new Periodic({ name: 'duty', intervalMs, runOnce, metrics, watch, logger, maxRunMs: 10 });
  running.push(periodic);
  return { periodic, metrics, watch, errors };
}

describe('a periodic duty', () => {
  it('goes on after a run that throws, which is logged and counted', async () => {
    let runs = 0;
    let reachedThird = () => {};
    const third = new Promise<void>((resolve) => (reachedThird = resolve));
    const { periodic, metrics, errors } = setup(async () => {
      runs += 1;
      if (runs === 1) throw new Error('once');
      if (runs === 3) reachedThird();
    });

    periodic.start();
    await third;
    await periodic.stop();

    expect(errors).toHaveLength(1);
    expect(await metrics.registry.metrics()).toContain('millrace_loop_runs_total{loop="duty",result="error"} 1');
  });

  it('waits for the run under way when it stops, telling it so, and starts no other', async () => {
    let runs = 0;
    let ended = false;
    let begun = () => {};
    const started = new Promise<void>((resolve) => (begun = resolve));
    const { periodic } = setup(async (signal) => {
      runs += 1;
      begun();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      ended = true;
    });

    periodic.start();
    await started;
    await periodic.stop();

    expect(ended).toBe(true);
    expect(runs).toBe(1);
  });

  it('waits as long as it is told after each run, and not longer than its interval', async () => {
    const metrics = new Metrics();
    const waits = [0, 0, Number.POSITIVE_INFINITY];
    let runs = 0;
    const periodic = new Periodic({
      ...{ name: 'timed', intervalMs: 50, metrics, watch: new LoopWatch() },
      runOnce: async () => void (runs += 1),
      waitMs: () => waits.shift() ?? 3_600_000,
    });
    running.push(periodic);

    periodic.start();

    await expect.poll(() => runs, { timeout: 5_000 }).toBeGreaterThan(4);
  });

  it('runs at once when it is woken from a long wait', async () => {
    let runs = 0;
    const { periodic } = setup(async () => void (runs += 1), 3_600_000);

    periodic.start();
    await expect.poll(() => runs).toBe(1);
    periodic.wake();

    await expect.poll(() => runs).toBe(2);
  });

  it('is seen as stuck when a run takes longer than it may, and not after it was stopped', async () => {
    const { periodic, watch } = setup((signal) => new Promise((resolve) => signal.addEventListener('abort', resolve)));

    periodic.start();
    expect(watch.silent(performance.now() + 1_000)).toMatchObject([{ name: 'duty' }]);

    await periodic.stop();
    expect(watch.silent(performance.now() + 1_000)).toEqual([]);
  });
});
