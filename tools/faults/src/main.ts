import { join } from 'node:path';
import { cloneFolder } from '@millrace/stack';
import { readable, Report } from './report';
import { forgetLogs, runScenario } from './run-scenario';
import type { Scenario } from './scenario';
import { SCENARIOS } from './scenarios';
import { InvalidSettings, readSettings, type FaultSettings } from './settings';

const SHORT = { cycles: 2, tasks: 200 } as const;

try {
  process.exitCode = (await runAll(readSettings(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  console.error(error instanceof InvalidSettings ? error.message : error);
  process.exitCode = 2;
}

async function runAll(settings: FaultSettings): Promise<boolean> {
  const { seed, form } = settings;
  const logs = join(cloneFolder(), 'faults');
  const file = settings.report ?? join(logs, `report-${new Date().toISOString().replaceAll(':', '-')}.jsonl`);
  const report = new Report(file, `Fault suite, ${form} form, seed ${seed}, ${new Date().toISOString()}`);
  console.log(`Seed ${seed}; the report goes to ${file}`);
  for (const scenario of chosen(settings)) {
    const { row, name } = scenario;
    const reason = scenario.unavailable?.();
    if (reason !== undefined) {
      report.add({ row, name, skipped: reason });
      console.log(readable({ row, name, skipped: reason }));
      continue;
    }
    console.log(`     ${row.padStart(4)}  ${name}: ${scenario.promise}`);
    const size = form === 'short' ? SHORT : scenario.long;
    const result = await runScenario(scenario, {
      ...{ seed, logs, cycles: settings.cycles ?? size.cycles, tasks: settings.tasks ?? size.tasks },
      say: (text) => console.log(`           ${text}`),
    });
    report.add(result);
    console.log(readable(result));
    forgetLogs(result);
  }
  return report.ok;
}

function chosen({ scenarios }: FaultSettings): readonly Scenario[] {
  if (scenarios.length === 0) return SCENARIOS;
  return scenarios.map((wanted) => {
    const found = SCENARIOS.find(({ row, name }) => name === wanted || row === wanted);
    if (found) return found;
    throw new InvalidSettings(
      `There is no scenario ${wanted}; there are: ${SCENARIOS.map(({ name }) => name).join(', ')}`,
    );
  });
}
