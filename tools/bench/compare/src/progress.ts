import type { Judged } from './goals';
import type { Measurement, Metric } from './measurement';
import { METRICS } from './metrics';

/** One line about one run, for people who watch. */
export function lineOf({ scenario, system, round, values, cost, wrong }: Measurement): string {
  const found = Object.entries(values).map(
    ([metric, value]) => `${METRICS[metric as Metric].show(value)} ${METRICS[metric as Metric].label}`,
  );
  const cpu = Object.entries(cost?.cpuMsPerThousand ?? {}).map(([name, ms]) => `${name} ${ms.toFixed(0)}`);
  const foreign = cost?.foreignCores ? `, ${cost.foreignCores.toFixed(2)} cores busy elsewhere` : '';
  const used = cpu.length > 0 ? `   CPU ms/1,000: ${cpu.join(', ')}${foreign}` : '';
  const failed = wrong.length > 0 ? `   DOES NOT COUNT: ${wrong.join('; ')}` : '';
  return `${`${scenario} ${round}`.padEnd(17)} ${system.padEnd(16)} ${found.join('  ').padEnd(40)}${used}${failed}`;
}

/** A line about a goal, when both sides of it were measured. */
export function goalLine({
  scenario,
  metric,
  ours,
  against,
  againstScenario = scenario,
  ratio,
  floor,
  aim,
  verdict,
}: Judged): string[] {
  if (ratio === null || verdict === null) return [];
  const what = `${scenario} ${metric === 'perSecond' ? '' : metric}`.padEnd(24);
  return [
    `${what} ${ours} : ${against}${againstScenario === scenario ? '' : ` ${againstScenario}`}`.padEnd(58) +
      `${ratio.toFixed(2)}   floor ${floor}, aim ${aim}: ${WORDS[verdict]}`,
  ];
}

const WORDS = { aim: 'aim reached', floor: 'floor reached', missed: 'MISSED' } as const;
