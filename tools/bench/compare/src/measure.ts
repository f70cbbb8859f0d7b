import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cloneFolder, freePort } from '@millrace/stack';
import type { Standing } from '../host/src/system';
import type { StampReport } from '../host/src/stamps';
import { BenchProcess } from './bench-process';
import type { BenchStores, FreshStores } from './bench-stores';
import type { Measurement } from './measurement';
import { SLOW_AT, type Form, type Scenario } from './scenarios';
import { HOST, nodeOf, SHIPPED_WORKER, SYSTEMS, type SystemInfo, type SystemName } from './systems';
import { costOf, peakRssMib, readUsage, type Usage } from './usage';

/** Slower than this no system should be; a run that hangs ends here. */
const RUN_TIMEOUT_MS = 10 * 60_000;
/** After its last handler a system has this long to write what it writes. */
const SETTLE_TIMEOUT_MS = 30_000;

export interface Run {
  readonly scenario: Scenario;
  readonly system: SystemName;
  readonly round: number;
  readonly form: Form;
  /** Gets the output of the processes. */
  readonly folder: string;
}

/** The processes of one run. */
interface Stage {
  readonly run: Run;
  readonly info: SystemInfo;
  readonly tasks: number;
  readonly stores: FreshStores;
  readonly producer: BenchProcess;
  readonly workers: BenchProcess[];
}

type Found = Pick<Measurement, 'values' | 'cost' | 'wrong'>;

/** Runs one scenario on one system: fresh stores, fresh processes. A run that fails is a measurement that says so. */
export async function measure(run: Run, stores: BenchStores): Promise<Measurement> {
  const info = SYSTEMS[run.system];
  const tasks = tasksOf(run);
  const about = { scenario: run.scenario.name, system: run.system, round: run.round, tasks };
  const fresh = await stores.fresh(info.schema);
  const processes: BenchProcess[] = [];
  try {
    const producer = await startProducer(run, info, fresh);
    processes.push(producer);
    const stage: Stage = { run, info, tasks, stores: fresh, producer, workers: [] };
    const found = await play(stage, async () => {
      const worker = await startWorker(stage);
      processes.push(worker);
      stage.workers.push(worker);
      return worker;
    });
    return { ...about, ...found, peakRssMib: peaks(stage) };
  } catch (error) {
    const logs = keptLogs(run);
    return { ...about, values: {}, cost: null, peakRssMib: {}, wrong: [`${String(error)} Logs: ${logs}`] };
  } finally {
    await Promise.all(processes.map((process) => process.end()));
    await fresh.close();
  }
}

function play(stage: Stage, work: () => Promise<BenchProcess>): Promise<Found> {
  switch (stage.run.scenario.kind) {
    case 'submit':
      return playSubmit(stage);
    case 'bytes':
      return playBytes(stage);
    case 'drain':
      return playDrain(stage, work);
    case 'flow':
      return playFlow(stage, work);
    case 'wait':
      return playWait(stage, work);
    default:
      return stage.run.scenario.kind satisfies never;
  }
}

async function playSubmit(stage: Stage): Promise<Found> {
  await stage.stores.calm();
  const before = usage(stage);
  const { startMs, endMs } = await stage.producer.ask('load', loadOf(stage));
  const cost = costOf(before, usage(stage), stage.tasks);
  return { values: { perSecond: rate(stage.tasks, endMs - startMs) }, cost, wrong: await notWaiting(stage) };
}

async function playBytes(stage: Stage): Promise<Found> {
  const before = await stage.stores.sizes();
  await stage.producer.ask('load', loadOf(stage));
  const after = await stage.stores.sizes();
  const values = {
    redisBytes: (after.redis - before.redis) / stage.tasks,
    postgresBytes: (after.postgres - before.postgres) / stage.tasks,
  };
  return { values, cost: null, wrong: await notWaiting(stage) };
}

async function playDrain(stage: Stage, work: () => Promise<BenchProcess>): Promise<Found> {
  await stage.producer.ask('load', loadOf(stage));
  await stage.stores.calm();
  const worker = await work();
  await worker.event('first', SETTLE_TIMEOUT_MS);
  const before = usage(stage);
  const settledMs = await settled(stage, worker);
  const cost = costOf(before, usage(stage), stage.tasks);
  const stamps = await worker.ask('stamps');
  const values = { perSecond: rate(stage.tasks, settledMs - stamps.firstStartMs) };
  return { values, cost, wrong: await notDone(stage, stamps) };
}

async function playFlow(stage: Stage, work: () => Promise<BenchProcess>): Promise<Found> {
  const { startMs, settledMs, cost, stamps } = await flow(stage, work);
  const values = { perSecond: rate(stage.tasks, settledMs - startMs) };
  return { values, cost, wrong: await notDone(stage, stamps) };
}

async function playWait(stage: Stage, work: () => Promise<BenchProcess>): Promise<Found> {
  const { cost, stamps } = await flow(stage, work);
  const { p50 = 0, p99 = 0, max = 0 } = stamps.waitMs ?? {};
  return { values: { p50Ms: p50, p99Ms: p99, maxMs: max }, cost, wrong: await notDone(stage, stamps) };
}

async function flow(stage: Stage, work: () => Promise<BenchProcess>) {
  const worker = await work();
  await stage.stores.calm();
  const before = usage(stage);
  const { startMs } = await stage.producer.ask('load', loadOf(stage));
  const settledMs = await settled(stage, worker);
  const cost = costOf(before, usage(stage), stage.tasks);
  return { startMs, settledMs, cost, stamps: await worker.ask('stamps') };
}

/** The stores have the last word: they are asked from the moment on at which the last handler has ended. */
async function settled({ producer }: Stage, worker: BenchProcess): Promise<number> {
  await worker.event('ended', RUN_TIMEOUT_MS);
  try {
    return await producer.ask('settle', { timeoutMs: SETTLE_TIMEOUT_MS });
  } catch (error) {
    throw new Error(`${String(error)} ${JSON.stringify(await producer.ask('standing'))}`, { cause: error });
  }
}

/** What is wrong with tasks that were submitted and no more. */
async function notWaiting({ producer, tasks }: Stage): Promise<string[]> {
  const { left, wrong } = await producer.ask('standing');
  return left === tasks ? [...wrong] : [...wrong, `${left} of ${tasks} tasks wait`];
}

/** What is wrong with tasks that should all have run once, and be recorded so where the system records. */
async function notDone({ producer, info, tasks }: Stage, stamps: StampReport): Promise<string[]> {
  const { left, done, wrong }: Standing = await producer.ask('standing');
  return [
    ...wrong,
    ...(left === 0 ? [] : [`${left} tasks have not ended`]),
    ...(info.record === 'none' || done === tasks ? [] : [`${done} of ${tasks} tasks are recorded as done`]),
    ...(stamps.ended === tasks ? [] : [`${stamps.ended} handlers ended, for ${tasks} tasks`]),
    ...(stamps.startedTwice === 0 ? [] : [`${stamps.startedTwice} tasks were started more than once`]),
  ];
}

function tasksOf({ scenario, system, form }: Run): number {
  const slow = form === 'full' && SLOW_AT[system]?.includes(scenario.name);
  return (slow ? scenario.slowTasks : undefined) ?? scenario.tasks[form];
}

function loadOf({ run: { scenario, form }, tasks }: Stage) {
  return scenario.load(tasks, form);
}

function startProducer({ folder }: Run, info: SystemInfo, { databaseUrl, redisUrl }: FreshStores) {
  return BenchProcess.start({
    name: `producer of ${info.name}`,
    node: node(info),
    script: HOST,
    args: [JSON.stringify({ role: 'producer', module: info.module, places: { databaseUrl, redisUrl } })],
    log: join(folder, 'producer.log'),
  });
}

async function startWorker({ run, info, tasks, stores: { databaseUrl, redisUrl } }: Stage): Promise<BenchProcess> {
  const { scenario, folder } = run;
  const stamps = { expected: tasks, skip: skipOf(run, tasks) };
  const about = { name: `worker of ${info.name}`, node: node(info), log: join(folder, 'worker.log') };
  if (info.worker === 'hosted') {
    const places = { databaseUrl, redisUrl };
    const role = { role: 'worker', module: info.module, places, settings: scenario.worker, stamps };
    return BenchProcess.start({ ...about, script: HOST, args: [JSON.stringify(role)] });
  }
  return BenchProcess.start({
    ...about,
    script: SHIPPED_WORKER,
    env: {
      HOST: '127.0.0.1',
      WORKER_PORT: String(await freePort(0)),
      API_KEYS: 'bench-key-of-no-worth-0123456789abcdef',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      QUEUE_WORKERS: String(scenario.worker.slots),
      BENCH_STAMPS: JSON.stringify(stamps),
    },
  });
}

/** In small forms there are fewer tasks than would be skipped. */
function skipOf({ scenario }: Run, tasks: number): number {
  return Math.min(scenario.skip ?? 0, Math.floor(tasks / 4));
}

function node(info: SystemInfo): string {
  const found = nodeOf(info);
  if (found === undefined) throw new Error(`The Node.js for ${info.label} is not installed`);
  return found;
}

function usage({ producer, workers, stores }: Stage): Usage {
  const [worker] = workers;
  return readUsage({ producer: producer.pid, ...(worker ? { worker: worker.pid } : {}), ...stores.pids });
}

function peaks({ producer, workers }: Stage): Record<string, number> {
  const all = [['producer', producer], ...workers.map((worker) => ['worker', worker] as const)] as const;
  const known = all.map(([name, process]) => [name, peakRssMib(process.pid)] as const);
  return Object.fromEntries(
    known.filter((entry): entry is readonly [(typeof entry)[0], number] => entry[1] !== undefined),
  );
}

/** Saves the logs of a run that failed from the end of the whole, for whoever looks into it. */
function keptLogs({ folder }: Run): string {
  const kept = join(cloneFolder(), 'bench', `failed-${basename(folder)}-${Date.now()}`);
  cpSync(folder, kept, { recursive: true });
  return kept;
}

const rate = (tasks: number, ms: number) => (tasks / ms) * 1_000;
