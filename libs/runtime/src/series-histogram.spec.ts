import { Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { Metrics } from './metrics';

const BUCKETS = [0.1, 1, 10];
const ABOUT = { name: 'millrace_test_seconds', help: 'For a test.' };

describe('a series histogram', () => {
  it('shows what the histogram of prom-client shows', async () => {
    const registry = new Registry();
    const theirs = new Histogram({ ...ABOUT, labelNames: ['queue'], buckets: BUCKETS, registers: [registry] });
    const metrics = new Metrics();
    const ours = metrics.seriesHistogram({ ...ABOUT, buckets: BUCKETS });
    for (const queue of ['a', 'b"\\']) {
      const series = ours.series({ queue });
      for (const value of [0, 0.1, 0.11, 1, 9.5, 10, 11, 1e9]) {
        series.observe(value);
        theirs.observe({ queue }, value);
      }
    }

    expect(await metrics.registry.metrics()).toBe(await registry.metrics());
  });

  it('asked for twice is the same', () => {
    const metrics = new Metrics();

    expect(metrics.seriesHistogram({ ...ABOUT, buckets: BUCKETS })).toBe(
      metrics.seriesHistogram({ ...ABOUT, buckets: BUCKETS }),
    );
  });
});
