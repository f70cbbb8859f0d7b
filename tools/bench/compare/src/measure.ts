import type { Load } from '../host/src/load';
import type { StampReport } from '../host/src/stamps';
import type { BenchStores } from './bench-stores';
import type { Measurement } from './measurement';
import { Stage, type Run } from './stage';
import { costOf, type Usage } from './usage';

/** Slower than this no system should be; a run that hangs ends here. */
const RUN_TIMEOUT_MS = 30 * 60_000;
/** A worker that is ready starts its first task within this time. */
const FIRST_TIMEOUT_MS = 30_000;
/** A system that ends no task for so long has lost some. */
const STANDSTILL_MS = 60_000;
/** Short against what is measured; each look is one small question to a store. */
const SETTLE_POLL_MS = 2;
/** Where no single worker sees the last task end, the stores are asked all the time, so less often. */
const SHARED_SETTLE_POLL_MS = 20;

type Found = Pick<Measurement, 'values' | 'cost' | 'wrong'>;

/** Runs one scenario on one system: fresh stores, fresh processes, of which `staged` is told. A run that fails is a measurement that says so. */
export async function measure(
  run: Run,
  { stores, staged }: { readonly stores: BenchStores; readonly staged: (stage: Stage) => void },
): Promise<Measurement> {
  const fresh = await stores.fresh(run.system);
  const stage = new Stage(run, fresh);
  staged(stage);
  const about = { scenario: run.scenario.name, system: run.system, round: run.round, tasks: stage.tasks };
  try {
    await start(stage);
    const found = await play(stage);
    return { ...about, ...found, peakRssMib: stage.peaks() };
  } catch (error) {
    return { ...about, values: {}, cost: null, peakRssMib: {}, wrong: [`${String(error)} Logs: ${stage.keepLogs()}`] };
  } finally {
    await stage.end();
    await fresh.close();
  }
}

/** Starts what is there from the beginning. A hosted worker finds what its producer has created. */
async function start(stage: Stage): Promise<void> {
  const { kind } = stage.run.scenario;
  const waits = kind === 'flow' || kind === 'wait';
  if (waits && stage.info.worker === 'shipped') {
    await Promise.all([stage.startProducer(), stage.startWorkers()]);
    return;
  }
  await stage.startProducer();
  if (waits) await stage.startWorkers();
}

function play(stage: Stage): Promise<Found> {
  const { kind } = stage.run.scenario;
  switch (kind) {
    case 'submit':
      return playSubmit(stage);
    case 'bytes':
      return playBytes(stage);
    case 'drain':
      return playDrain(stage);
    case 'flow':
      return playFlow(stage);
    case 'wait':
      return playWait(stage);
    default:
      return kind satisfies never;
  }
}

async function playSubmit(stage: Stage): Promise<Found> {
  await stage.stores.calm();
  const before = stage.usage();
  const { startMs, endMs } = await stage.producer.ask('load', loadOf(stage));
  const cost = costOf(before, stage.usage(), stage.tasks);
  return { values: { perSecond: rate(stage.tasks, endMs - startMs) }, cost, wrong: await notWaiting(stage) };
}

async function playBytes(stage: Stage): Promise<Found> {
  const before = await stage.stores.sizes();
  await stage.producer.ask('load', loadOf(stage));
  const after = await stage.stores.sizes();
  const grown = { redis: after.redis - before.redis, postgres: after.postgres - before.postgres };
  const values = Object.fromEntries(
    stage.info.uses.map((store) => [`${store}Bytes` as const, grown[store] / stage.tasks]),
  );
  return { values, cost: null, wrong: await notWaiting(stage) };
}

async function playDrain(stage: Stage): Promise<Found> {
  const empty = await stage.stores.sizes();
  await stage.producer.ask('load', loadOf(stage));
  await stage.stores.calm();
  const { startMs, before } = await startDraining(stage);
  const settledMs = await settled(stage);
  const cost = costOf(before, stage.usage(), stage.tasks);
  const stamps = await stampsOf(stage);
  const values = {
    perSecond: rate(stage.tasks, settledMs - (startMs ?? Math.min(...stamps.map(({ firstStartMs }) => firstStartMs)))),
    ...(stage.info.record === 'rows'
      ? { postgresBytes: ((await stage.stores.sizes()).postgres - empty.postgres) / stage.tasks }
      : {}),
  };
  return { values, cost, wrong: await notDone(stage, stamps) };
}

/** One worker begins as soon as it runs. Several would begin one after the other: the tasks are held until all are there. */
async function startDraining(stage: Stage): Promise<{ readonly startMs?: number; readonly before: Usage }> {
  if ((stage.run.scenario.workers ?? 1) > 1) {
    await stage.producer.ask('hold');
    await stage.startWorkers();
    const before = stage.usage();
    return { startMs: await stage.producer.ask('release'), before };
  }
  await stage.startWorkers();
  await stage.workers[0]?.event('first', FIRST_TIMEOUT_MS);
  return { before: stage.usage() };
}

async function playFlow(stage: Stage): Promise<Found> {
  const { startMs, settledMs, cost, stamps } = await flow(stage);
  const values = { perSecond: rate(stage.tasks, settledMs - startMs) };
  return { values, cost, wrong: await notDone(stage, stamps) };
}

async function playWait(stage: Stage): Promise<Found> {
  const { cost, stamps } = await flow(stage);
  const { p50 = 0, p99 = 0, max = 0 } = stamps[0]?.waitMs ?? {};
  return { values: { p50Ms: p50, p99Ms: p99, maxMs: max }, cost, wrong: await notDone(stage, stamps) };
}

async function flow(stage: Stage) {
  await stage.stores.calm();
  const before = stage.usage();
  const { startMs } = await stage.producer.ask('load', loadOf(stage));
  const settledMs = await settled(stage);
  const cost = costOf(before, stage.usage(), stage.tasks);
  return { startMs, settledMs, cost, stamps: await stampsOf(stage) };
}

/** The stores have the last word: they are asked from the moment on at which the last handler has ended. */
async function settled({ producer, workers }: Stage): Promise<number> {
  const [only] = workers;
  const shared = workers.length > 1;
  if (!shared) await only?.event('ended', RUN_TIMEOUT_MS);
  try {
    return await producer.ask('settle', {
      standstillMs: STANDSTILL_MS,
      pollMs: shared ? SHARED_SETTLE_POLL_MS : SETTLE_POLL_MS,
    });
  } catch (error) {
    throw new Error(`${String(error)} ${JSON.stringify(await producer.ask('standing'))}`, { cause: error });
  }
}

function stampsOf({ workers }: Stage): Promise<StampReport[]> {
  return Promise.all(workers.map((worker) => worker.ask('stamps')));
}

/** What is wrong with tasks that were submitted and no more. */
async function notWaiting({ producer, tasks }: Stage): Promise<string[]> {
  const { left, wrong } = await producer.ask('standing');
  return left === tasks ? [...wrong] : [...wrong, `${left} of ${tasks} tasks wait`];
}

/** What is wrong with tasks that should all have run once, and be recorded so where the system records. */
async function notDone({ producer, info, tasks }: Stage, stamps: readonly StampReport[]): Promise<string[]> {
  const { left, done, wrong } = await producer.ask('standing');
  const ended = stamps.reduce((sum, report) => sum + report.ended, 0);
  const twice = stamps.reduce((sum, report) => sum + report.startedTwice, 0);
  return [
    ...wrong,
    ...(left === 0 ? [] : [`${left} tasks have not ended`]),
    ...(info.record === 'none' || done === tasks ? [] : [`${done} of ${tasks} tasks are recorded as done`]),
    ...(ended === tasks ? [] : [`${ended} handlers ended, for ${tasks} tasks`]),
    ...(twice === 0 ? [] : [`${twice} tasks were started more than once`]),
  ];
}

function loadOf({ run: { scenario, form }, tasks }: Stage): Load {
  return scenario.load(tasks, form);
}

const rate = (tasks: number, ms: number) => (tasks / ms) * 1_000;
