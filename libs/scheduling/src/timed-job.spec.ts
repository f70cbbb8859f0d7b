import { Metrics } from '@millrace/runtime';
import { SchedulerRegistry } from '@nestjs/schedule';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SchedulerMetrics } from './scheduler-metrics';
import { TimedJob, type Fire } from './timed-job';
import { intervalTiming, specTiming, type Timing } from './timing';

const START = new Date('2026-03-01T10:00:00.000Z');

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});

afterEach(() => {
  vi.useRealTimers();
});

function setup(timing: Timing | string, run: (fire: Fire) => unknown = () => undefined) {
  const fired: string[] = [];
  const registry = new SchedulerRegistry();
  const job = new TimedJob({
    name: 'job',
    kind: 'func',
    timing: typeof timing === 'string' ? specTiming(timing) : timing,
    registry,
    metrics: new SchedulerMetrics(new Metrics()),
    run: (fire) => {
      fired.push(fire.slotAt.toISOString().slice(11, 19));
      return run(fire);
    },
  });
  return { job, fired, registry };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** The process stands still: the clock goes on, no timer fires. */
const stall = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe('a timed job', () => {
  it('fires at its moments, to the second, and knows the next and the previous one', async () => {
    const { job, fired } = setup('*/15 * * * * *');

    job.start();
    await pass(45_000);

    expect(fired).toEqual(['10:00:15', '10:00:30', '10:00:45']);
    expect(job.stats()).toMatchObject({
      runs: 3,
      nextRunAt: new Date('2026-03-01T10:01:00Z'),
      previousRunAt: new Date('2026-03-01T10:00:45Z'),
    });
  });

  it('fires an interval from its own start', async () => {
    const { job, fired } = setup(intervalTiming('20s', 20_000, new Date(Date.now() + 5_000 - 20_000)));

    job.start();
    await pass(30_000);

    expect(fired).toEqual(['10:00:05', '10:00:25']);
  });

  it('fires further ahead than a timer of the platform can reach', async () => {
    const { job, fired } = setup('0 0 1 5 *');

    job.start();
    await pass(Date.parse('2026-05-01T00:00:00Z') - START.getTime() - 1);
    expect(fired).toEqual([]);
    await pass(1);

    expect(fired).toEqual(['00:00:00']);
  });

  it('after a short stall fires the latest moment by its nominal time and counts those before as missed', async () => {
    const { job, fired } = setup('*/10 * * * * *');

    job.start();
    stall(45_500);
    await pass(10_000);
    expect(fired).toEqual(['10:00:50']);
    expect(job.stats().missed).toBe(4);

    await pass(4_500);
    expect(fired).toEqual(['10:00:50', '10:01:00']);
  });

  it('does not fire a moment that is a minute late, but counts it', async () => {
    const { job, fired } = setup('@hourly');

    job.start();
    stall(3_600_000 + 60_000);
    await pass(60_000);

    expect(fired).toEqual([]);
    expect(job.stats()).toMatchObject({ missed: 1, nextRunAt: new Date('2026-03-01T12:00:00Z') });
  });

  it('does not fire again when the clock is set back', async () => {
    const { job, fired } = setup('@hourly');

    job.start();
    await pass(3_600_000);
    vi.setSystemTime(new Date('2026-03-01T10:30:00Z'));
    await pass(3_600_000);

    expect(fired).toEqual(['11:00:00']);
  });

  it('goes on when the clock is set forward by a year and back again', async () => {
    const { job, fired } = setup('*/10 * * * * *');

    job.start();
    await pass(10_000);
    stall(366 * 86_400_000);
    await pass(20_000);
    stall(-366 * 86_400_000);
    await pass(20_000);

    expect(fired).toEqual(['10:00:10', '10:00:20', '10:00:30', '10:00:50']);
  });

  it('waits no longer than it was going to when the clock is set back in the middle of it', async () => {
    const { job, fired } = setup('*/2 * * * *');

    await pass(30_000);
    job.start();
    await pass(50_000);
    stall(-86_405_000);
    await pass(45_000);

    expect(fired).toEqual(['10:02:00']);
  });

  it('skips a moment that comes while the last run is still going', async () => {
    let end = () => undefined as void;
    const { job, fired } = setup('*/10 * * * * *', () => new Promise<void>((resolve) => (end = resolve)));

    job.start();
    await pass(30_000);
    expect(fired).toEqual(['10:00:10']);
    expect(job.stats()).toMatchObject({ skipped: 2, running: true });

    end();
    await pass(10_000);
    expect(fired).toEqual(['10:00:10', '10:00:40']);
  });

  it('goes on after a run that throws, and remembers why', async () => {
    const { job, fired } = setup('*/10 * * * * *', () => {
      throw new Error('no luck');
    });

    job.start();
    await pass(20_000);

    expect(fired).toHaveLength(2);
    expect(job.stats()).toMatchObject({ failures: 2, lastError: 'no luck', running: false });
  });

  it('stops by aborting its run and waiting for it', async () => {
    const { job, registry } = setup(
      '*/10 * * * * *',
      ({ signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    );

    job.start();
    await pass(10_000);

    expect(await job.stop(1_000)).toBe(true);
    expect(registry.getTimeouts()).toEqual([]);
    await pass(60_000);
    expect(job.stats().runs).toBe(1);
  });

  it('does not wait longer than it was told for a run that ignores the abort', async () => {
    const { job } = setup('*/10 * * * * *', () => new Promise(() => undefined));

    job.start();
    await pass(10_000);
    const stopped = job.stop(1_000);
    await pass(1_000);

    expect(await stopped).toBe(false);
  });
});
