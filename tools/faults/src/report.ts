import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ScenarioResult } from './run-scenario';

/** A scenario that this machine cannot play. */
export interface Skipped {
  readonly row: string;
  readonly name: string;
  readonly skipped: string;
}

/** A scenario that could not be played to its end, which is no proof of anything. */
export interface Broken {
  readonly row: string;
  readonly name: string;
  readonly broken: string;
}

export type ReportEntry = ScenarioResult | Skipped | Broken;

/** Writes down how scenarios went, each as soon as it is over: a line of JSON, and all of it again for people. */
export class Report {
  private readonly entries: ReportEntry[] = [];

  /** `file` gets the lines of JSON; `<file>.txt` the summary. */
  constructor(
    private readonly file: string,
    private readonly heading: string,
  ) {
    mkdirSync(dirname(file), { recursive: true });
  }

  add(entry: ReportEntry): void {
    this.entries.push(entry);
    appendFileSync(this.file, `${JSON.stringify(entry)}\n`);
    writeFileSync(`${this.file}.txt`, `${this.heading}\n\n${this.entries.map(readable).join('\n')}\n`);
  }

  /** Whether everything that could be played holds. */
  get ok(): boolean {
    return this.entries.every((entry) => 'skipped' in entry || ('ok' in entry && entry.ok));
  }
}

/** One entry, for people. A failed one says all there is to know: seed, findings, timelines, and where the logs are. */
export function readable(entry: ReportEntry): string {
  const title = `${entry.row.padStart(4)}  ${entry.name.padEnd(22)}`;
  if ('skipped' in entry) return `skip ${title} ${entry.skipped}`;
  if ('broken' in entry) return `FAIL ${title} could not be played: ${entry.broken}`;
  const { counts } = entry.verdict;
  const measures = Object.entries(entry.measures).map(([name, value]) => `${name} ${value}`);
  const drained = entry.drain.ms === null ? 'not drained' : `drained in ${(entry.drain.ms / 1_000).toFixed(1)} s`;
  const lines = [
    `${entry.ok ? 'ok  ' : 'FAIL'} ${title} ${entry.cycles} cycles, ${entry.tasks} tasks, seed ${entry.seed}, ${entry.seconds} s, ${drained}`,
    `          ${JSON.stringify(counts)}`,
    ...(measures.length > 0 ? [`          ${measures.join(', ')}`] : []),
  ];
  if (!entry.ok) lines.push(...failure(entry));
  return lines.join('\n');
}

function failure({ complaints, verdict, folder, name, seed, cycles, tasks }: ScenarioResult): string[] {
  return [
    ...complaints.map((text) => `  complaint: ${text}`),
    `  ${verdict.findingCount} findings`,
    ...verdict.findings.map(({ rule, taskId, text }) => `  ${rule}: ${taskId ?? ''} ${text}`),
    ...Object.entries(verdict.timelines).flatMap(([taskId, lines]) => [`  ${taskId}:`, ...lines]),
    `  again: npm run test:faults -- --scenario ${name} --seed ${seed} --cycles ${cycles} --tasks ${tasks}`,
    `  logs: ${folder}`,
  ];
}
