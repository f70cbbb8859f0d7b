import type { Measurement, Metric } from './measurement';

const SHOWN: Readonly<Record<Metric, (value: number) => string>> = {
  perSecond: (value) => `${Math.round(value).toLocaleString('en')} tasks/s`,
  p50Ms: (value) => `p50 ${value.toFixed(2)} ms`,
  p99Ms: (value) => `p99 ${value.toFixed(2)} ms`,
  maxMs: (value) => `max ${value.toFixed(1)} ms`,
  redisBytes: (value) => `${Math.round(value)} B in Redis`,
  postgresBytes: (value) => `${Math.round(value)} B in PostgreSQL`,
};

/** One line about one run, for people who watch. */
export function lineOf({ scenario, system, round, values, cost, wrong }: Measurement): string {
  const found = Object.entries(values).map(([metric, value]) => SHOWN[metric as Metric](value));
  const cpu = Object.entries(cost?.cpuMsPerThousand ?? {}).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
  const foreign = cost?.foreignCores ? `, ${cost.foreignCores.toFixed(2)} cores busy elsewhere` : '';
  const used = cpu.length > 0 ? `   CPU ms/1,000: ${cpu.join(', ')}${foreign}` : '';
  const failed = wrong.length > 0 ? `   DOES NOT COUNT: ${wrong.join('; ')}` : '';
  return `${`${scenario} ${round}`.padEnd(17)} ${system.padEnd(16)} ${found.join('  ').padEnd(40)}${used}${failed}`;
}
