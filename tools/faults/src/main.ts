import { join } from 'node:path';
import { cloneFolder } from '@millrace/stack';
import { exploreModel } from './model/explore-model';
import { runMutants } from './mutants/run-mutants';
import { readable, Report, type ReportEntry } from './report';
import { forgetLogs, runScenario } from './run-scenario';
import type { Scenario } from './scenario';
import { SCENARIOS } from './scenarios';
import { InvalidSettings, readSettings, type FaultSettings } from './settings';

const SHORT = { cycles: 2, tasks: 200 } as const;

// Left to end by itself, Node.js may wait forever for a socket that was closed with an RST.
process.exit(await exitCode());

async function exitCode(): Promise<number> {
  try {
    return (await run(readSettings(process.argv.slice(2)))) ? 0 : 1;
  } catch (error) {
    console.error(error instanceof InvalidSettings ? error.message : error);
    return 2;
  }
}

async function run(settings: FaultSettings): Promise<boolean> {
  switch (settings.subject) {
    case 'platform':
      return runAll(settings);
    case 'mutants':
      return runMutants(settings.scenarios, { seed: settings.seed, logs: join(cloneFolder(), 'faults') });
    case 'model':
      return exploreModel(settings.cycles ?? 100_000, settings.seed);
    default:
      return settings.subject satisfies never;
  }
}

async function runAll(settings: FaultSettings): Promise<boolean> {
  const { seed, form } = settings;
  const logs = join(cloneFolder(), 'faults');
  const file =
    settings.report ?? join(logs, `report-${new Date().toISOString().replaceAll(':', '-')}-${process.pid}.jsonl`);
  const report = new Report(file, `Fault suite, ${form} form, seed ${seed}, ${new Date().toISOString()}`);
  console.log(`Seed ${seed}; the report goes to ${file}`);
  for (const scenario of chosen(settings)) {
    const entry = await playOne(scenario, settings, logs);
    report.add(entry);
    console.log(readable(entry));
    if ('ok' in entry) forgetLogs(entry);
  }
  return report.ok;
}

/** What goes wrong with the harness itself fails this scenario and lets the others go on. */
async function playOne(scenario: Scenario, settings: FaultSettings, logs: string): Promise<ReportEntry> {
  const { row, name, promise } = scenario;
  const skipped = scenario.unavailable?.();
  if (skipped !== undefined) return { row, name, skipped };
  console.log(`     ${row.padStart(4)}  ${name}: ${promise}`);
  const size = settings.form === 'short' ? SHORT : scenario.long;
  const cycles = settings.cycles ?? size.cycles;
  const tasks = settings.tasks ?? size.tasks;
  const say = (text: string) => console.log(`           ${text}`);
  try {
    return await runScenario(scenario, { seed: settings.seed, logs, cycles, tasks, say });
  } catch (error) {
    return { row, name, broken: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function chosen({ scenarios }: FaultSettings): readonly Scenario[] {
  if (scenarios.length === 0) return SCENARIOS;
  return scenarios.flatMap((wanted) => {
    const found = SCENARIOS.filter(({ row, name }) => name === wanted || row === wanted);
    if (found.length > 0) return found;
    throw new InvalidSettings(
      `There is no scenario ${wanted}; there are: ${SCENARIOS.map(({ name }) => name).join(', ')}`,
    );
  });
}
