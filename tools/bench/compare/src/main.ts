import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createRunFolder, removeRunFolder } from '@millrace/stack';
import { BenchStores } from './bench-stores';
import { measure } from './measure';
import type { Measurement } from './measurement';
import { SCENARIOS } from './scenarios';
import { InvalidSettings, readSettings, type BenchSettings } from './settings';
import { installedSystems } from './systems';
import { lineOf } from './progress';

try {
  process.exitCode = await run(readSettings(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof InvalidSettings ? error.message : error);
  process.exitCode = 1;
}

async function run(settings: BenchSettings): Promise<number> {
  const installed = installedSystems();
  const systems = settings.systems.filter((system) => installed.includes(system));
  const scenarios = SCENARIOS.filter(({ name }) => settings.scenarios.includes(name));
  const folder = createRunFolder();
  const stores = await BenchStores.start(folder);
  const measurements: Measurement[] = [];
  try {
    for (const scenario of scenarios) {
      for (let round = 1; round <= settings.rounds; round += 1) {
        for (const system of systems) {
          if (scenario.systems && !scenario.systems.includes(system)) continue;
          const logs = join(folder, `${scenario.name}-${system}-${round}`);
          mkdirSync(logs);
          const measurement = await measure({ scenario, system, round, form: settings.form, folder: logs }, stores);
          measurements.push(measurement);
          console.log(lineOf(measurement));
        }
      }
    }
  } finally {
    await stores.stop();
    await removeRunFolder(folder);
  }
  return measurements.every(({ wrong }) => wrong.length === 0) ? 0 : 1;
}
