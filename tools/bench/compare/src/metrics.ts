import type { Metric } from './measurement';

/** How a metric is named and written. Of `more` the higher value is better. */
export interface MetricInfo {
  readonly label: string;
  readonly better: 'more' | 'less';
  readonly show: (value: number) => string;
}

const whole = (value: number) => Math.round(value).toLocaleString('en');
const ms = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));

export const METRICS: Readonly<Record<Metric, MetricInfo>> = {
  perSecond: { label: 'tasks/s', better: 'more', show: whole },
  p50Ms: { label: 'p50 ms', better: 'less', show: ms },
  p99Ms: { label: 'p99 ms', better: 'less', show: ms },
  maxMs: { label: 'max ms', better: 'less', show: ms },
  redisBytes: { label: 'bytes in Redis', better: 'less', show: whole },
  postgresBytes: { label: 'bytes in PostgreSQL', better: 'less', show: whole },
};

/** Whether the first value is the better one. */
export function isBetter(metric: Metric, value: number, than: number): boolean {
  return METRICS[metric].better === 'more' ? value > than : value < than;
}
