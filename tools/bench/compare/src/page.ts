import { GOALS, judge, type Judged } from './goals';
import type { Metric } from './measurement';
import { isBetter, METRICS } from './metrics';
import type { Report } from './report';
import type { Scenario } from './scenario';
import { SCENARIOS } from './scenarios';
import { summarize, type Spread, type Summary } from './statistics';
import { SYSTEMS } from './systems';

/** What every ratio of a table is to. */
const YARDSTICK = 'bullmq';
/** Above this the machine was not quiet, and times say less. */
const QUIET_CORES = 0.2;
const VERDICTS = { aim: 'aim reached', floor: 'floor reached', missed: '**missed**' } as const;

/** Folder of the charts beside the page. */
export const CHARTS = 'benchmarks';

/** The page about a report, as Markdown. */
export function pageOf(report: Report): string {
  const summaries = summarize(report.measurements);
  const scenarios = SCENARIOS.filter(({ name }) => summaries.some(({ scenario }) => scenario === name));
  return [
    ...head(report, summaries),
    '## Goals',
    'Ratios of medians, ours to the other’s. Of rates more is better, of times and bytes less.',
    table(['scenario', 'against', 'ratio', 'floor', 'aim', ''], judge(summaries, GOALS).map(goalRow)),
    '## Where another is better',
    ...whereOthersWin(scenarios, summaries),
    '## Every scenario',
    ...scenarios.flatMap((scenario) => sectionOf(scenario, summaries)),
    ...methods(),
  ].join('\n\n');
}

/** The metrics of a scenario that its summaries hold. */
export function metricsOf(summaries: readonly Summary[]): Metric[] {
  return (Object.keys(METRICS) as Metric[]).filter((metric) => summaries.some(({ metrics }) => metrics[metric]));
}

function head({ at, command, rounds, machine, versions, stores }: Report, summaries: readonly Summary[]): string[] {
  const foreign = Math.max(0, ...summaries.map(({ foreignCores }) => foreignCores ?? 0));
  return [
    '# Benchmarks',
    `Made by \`npm run bench -- --publish <report>\` from a report of ${at.slice(0, 10)}; not written by hand.`,
    [
      // Where its report went is nobody else's concern.
      `- Command: \`${command.replace(/ --report \S+/, '')}\`, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`,
      `- Machine: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB, ${machine.system}; everything below shares it`,
      `- Versions: ${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}`,
      `- Durability, the same for all: PostgreSQL ${stores.postgres}; Redis ${stores.redis}`,
      foreign > QUIET_CORES
        ? `- **Other programs kept up to ${foreign.toFixed(1)} cores busy meanwhile: ratios and CPU times say more than rates**`
        : '- Nothing else of note ran meanwhile',
    ].join('\n'),
  ];
}

function goalRow({ scenario, metric, ours, against, againstScenario, ratio, floor, aim, verdict }: Judged): string[] {
  const what = metric === 'perSecond' ? scenario : `${scenario}, ${METRICS[metric].label}`;
  const other =
    againstScenario === undefined ? SYSTEMS[against].label : `${SYSTEMS[against].label}, ${againstScenario}`;
  const who = ours === 'millrace' ? other : `${other} (${SYSTEMS[ours].label})`;
  return [
    what,
    who,
    ratio === null ? 'not measured' : `${ratio.toFixed(2)}x`,
    `${floor}x`,
    `${aim}x`,
    verdict === null ? '' : VERDICTS[verdict],
  ];
}

function whereOthersWin(scenarios: readonly Scenario[], summaries: readonly Summary[]): string[] {
  const lines = scenarios.flatMap(({ name, title }) => {
    const here = summaries.filter(({ scenario }) => scenario === name);
    const ours = here.find(({ system }) => system === 'millrace');
    return metricsOf(here).flatMap((metric) => {
      const own = ours?.metrics[metric]?.median;
      if (own === undefined) return [];
      const { label, show } = METRICS[metric];
      const better = here
        .filter(({ system }) => SYSTEMS[system].side === 'peer')
        .flatMap(({ system, metrics }) => {
          const theirs = metrics[metric]?.median;
          if (theirs === undefined || !isBetter(metric, theirs, own)) return [];
          return [`${SYSTEMS[system].label} ${show(theirs)}`];
        });
      return better.length === 0 ? [] : [`- ${title}: ${better.join(', ')}, Millrace ${show(own)} (${label})`];
    });
  });
  return [lines.length > 0 ? lines.join('\n') : 'Nowhere in this report.'];
}

function sectionOf({ name, title }: Scenario, summaries: readonly Summary[]): string[] {
  const here = summaries.filter(({ scenario }) => scenario === name);
  const metrics = metricsOf(here);
  const [main] = metrics;
  const yardstick = here.find(({ system }) => system === YARDSTICK);
  const base = main && yardstick?.metrics[main]?.median;
  const rows = here.map(({ system, tasks, metrics: found, cpuMsPerThousand, peakRssMib, wrong }) => [
    SYSTEMS[system].label,
    ...metrics.map((metric) => spread(metric, found[metric])),
    ratioTo(base, main && found[main]?.median),
    cpuOf(cpuMsPerThousand),
    named(peakRssMib),
    tasks.toLocaleString('en') + (wrong.length > 0 ? ` (${wrong.length} runs did not count)` : ''),
  ]);
  const header = [
    '',
    ...metrics.map((metric) => METRICS[metric].label),
    'ratio to BullMQ',
    'CPU ms per 1,000',
    'peak MiB',
    'tasks',
  ];
  return [`### ${title}`, `![${title}](${CHARTS}/${name}.svg)`, table(header, rows)];
}

function methods(): string[] {
  return [
    '## How it is measured',
    [
      '- Each run has a database and a Redis server of its own, and fresh processes: one submits, one works; both sides share the machine',
      '  with the stores. Code is cold at the start, for everybody.',
      '- A drain is timed from the first start of a handler, an end-to-end run from its first submit, both until the stores themselves say',
      '  that every task has ended. Waits are from the call of the submit, or from the due time, to the start of the handler.',
      '- After each run the record is checked: every task ended once, with its times and one attempt; otherwise the run does not count.',
      '- Handlers do nothing, or wait where it says so, and note their time. Payloads are about 200 bytes of JSON.',
      '- CPU time is that of the processes and what they started, as the kernel counts it in steps of 10 ms. Of PostgreSQL it includes all',
      '  backends, also those that have ended. No scheduler of ours runs; the counts it folds in the background are not in these figures.',
      '- A spread in brackets is the least and the most of the rounds.',
    ].join('\n'),
    '## How each system was set',
    Object.values(SYSTEMS)
      .map(({ label, settings }) => `- ${label}: ${settings}`)
      .join('\n'),
  ];
}

function spread(metric: Metric, found: Spread | undefined): string {
  if (!found) return '';
  const { show } = METRICS[metric];
  return found.rounds === 1 ? show(found.median) : `${show(found.median)} (${show(found.min)}–${show(found.max)})`;
}

function ratioTo(base: number | undefined, value: number | undefined): string {
  return base === undefined || value === undefined ? '' : `${(value / base).toFixed(2)}x`;
}

/** The sum first: it tells more than a rate on a machine that others use too. */
function cpuOf(cpuMsPerThousand: Readonly<Record<string, number>>): string {
  const total = Object.values(cpuMsPerThousand).reduce((sum, ms) => sum + ms, 0);
  return total < 0.5 ? '' : `${total.toFixed(0)}: ${named(cpuMsPerThousand)}`;
}

function named(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .filter(([, value]) => value >= 0.5)
    .map(([name, value]) => `${name} ${value.toFixed(0)}`)
    .join(', ');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
