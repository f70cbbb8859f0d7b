import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@millrace/stack';
import { format, resolveConfig } from 'prettier';
import { barChart, type Bar } from './bar-chart';
import { METRICS } from './metrics';
import { CHARTS, metricsOf, pageOf } from './page';
import type { Report } from './report';
import { SCENARIOS } from './scenarios';
import { summarize, type Summary } from './statistics';
import { SYSTEMS } from './systems';

/** Writes docs/benchmarks.md and its charts. */
export async function publish(report: Report, docs = join(workspaceRoot, 'docs')): Promise<void> {
  const page = join(docs, 'benchmarks.md');
  const charts = join(docs, CHARTS);
  mkdirSync(charts, { recursive: true });
  const summaries = summarize(report.measurements);
  for (const { name, title } of SCENARIOS) {
    const here = summaries.filter(({ scenario }) => scenario === name);
    if (here.length > 0) writeFileSync(join(charts, `${name}.svg`), chartOf(title, here));
  }
  writeFileSync(page, await format(pageOf(report), { ...(await resolveConfig(page)), parser: 'markdown' }));
}

/** The scenario's first metric, the best on top. */
function chartOf(title: string, summaries: readonly Summary[]): string {
  const [metric] = metricsOf(summaries);
  if (!metric) return barChart(title, []);
  const { label, better, show } = METRICS[metric];
  const bars = summaries.flatMap(({ system, metrics }): Bar[] => {
    const found = metrics[metric];
    if (!found) return [];
    const { median, min, max } = found;
    const { label: name, side } = SYSTEMS[system];
    return [{ label: name, value: median, min, max, text: show(median), emphasis: side === 'ours' ? 'ours' : 'other' }];
  });
  bars.sort((a, b) => (better === 'more' ? b.value - a.value : a.value - b.value));
  return barChart(`${title} (${label}, ${better} is better)`, bars);
}
