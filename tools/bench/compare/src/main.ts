import { createRunFolder, removeRunFolder } from '@millrace/stack';
import { BenchStores, STORE_SETTINGS } from './bench-stores';
import { judge } from './goals';
import { describeMachine, describeVersions } from './machine';
import type { Measurement } from './measurement';
import { goalLine, lineOf } from './progress';
import { publish } from './publish';
import { readReport, writeReport, type Report } from './report';
import { runAll } from './run-all';
import { InvalidSettings, readSettings, type BenchSettings } from './settings';
import { summarize } from './statistics';
import { installedSystems } from './systems';

try {
  process.exitCode = await run(readSettings(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof InvalidSettings ? error.message : error);
  process.exitCode = 1;
}

async function run(settings: BenchSettings): Promise<number> {
  if (settings.publish !== undefined) {
    await publish(readReport(settings.publish));
    return 0;
  }
  const absent = settings.systems.filter((system) => !installedSystems().includes(system));
  if (absent.length > 0) console.log(`Not installed, and so not measured: ${absent.join(', ')}`);
  const folder = createRunFolder();
  const stores = await BenchStores.start(folder);
  const measurements: Measurement[] = [];
  try {
    const about = await aboutRun(settings, stores);
    await runAll(settings, {
      stores,
      folder,
      found: (measurement) => {
        measurements.push(measurement);
        console.log(lineOf(measurement));
        if (settings.report !== undefined) writeReport(settings.report, { ...about, measurements });
      },
    });
  } finally {
    await stores.stop();
    await removeRunFolder(folder);
  }
  if (settings.form === 'full') for (const line of judge(summarize(measurements)).flatMap(goalLine)) console.log(line);
  return measurements.every(({ wrong }) => wrong.length === 0) ? 0 : 1;
}

async function aboutRun(settings: BenchSettings, stores: BenchStores): Promise<Omit<Report, 'measurements'>> {
  const { postgres, redis } = await stores.versions();
  const systems = installedSystems().filter((system) => settings.systems.includes(system));
  return {
    at: new Date().toISOString(),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    form: settings.form,
    rounds: settings.rounds,
    machine: describeMachine(),
    versions: {
      PostgreSQL: postgres,
      Redis: redis,
      Millrace: `this commit on Node.js ${process.versions.node}`,
      ...describeVersions(systems),
    },
    stores: STORE_SETTINGS,
  };
}
