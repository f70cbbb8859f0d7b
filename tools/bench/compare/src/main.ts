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
import type { Stage } from './stage';
import { summarize } from './statistics';
import { installedSystems } from './systems';

/** The exit code of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

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
  let stage: Stage | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void abandon(stage, stores, folder));
  }
  try {
    const about = await aboutRun(settings, stores);
    await runAll(settings, {
      stores,
      folder,
      staged: (next) => (stage = next),
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

/** Leaves nothing running behind when somebody stops the benchmark. */
async function abandon(stage: Stage | undefined, stores: BenchStores, folder: string): Promise<void> {
  await stage?.end();
  await stores.stop();
  await removeRunFolder(folder);
  process.exit(INTERRUPTED);
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
