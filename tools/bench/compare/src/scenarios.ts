import type { Load } from '../host/src/load';
import type { WorkerSettings } from '../host/src/system';
import type { SystemName } from './systems';

export type ScenarioName =
  | 'submit-single'
  | 'submit-callers'
  | 'submit-bulk'
  | 'drain'
  | 'flow-callers'
  | 'flow-bulk'
  | 'sleep'
  | 'idle'
  | 'paced-1000'
  | 'delayed-1000'
  | 'delayed-10000'
  | 'bytes';

export type Form = 'full' | 'smoke';

/**
 * What is done in what order:
 * - `submit`: submits, with no worker. From the first submit to the last acknowledgement.
 * - `drain`: submits, then starts the worker. From the first start of a handler until every task has ended in the stores.
 * - `flow`: submits to a worker that waits. From the first submit until every task has ended in the stores.
 * - `wait`: as `flow`; measured is how long each task waits for its start.
 * - `bytes`: as `submit`; measured is what the stores have grown by.
 */
export type Kind = 'submit' | 'drain' | 'flow' | 'wait' | 'bytes';

export interface Scenario {
  readonly name: ScenarioName;
  readonly title: string;
  readonly kind: Kind;
  readonly worker: WorkerSettings;
  /** Tasks of one run; a slow system gets `slowTasks`, as its rate shows as well in fewer. */
  readonly tasks: Readonly<Record<Form, number>>;
  readonly slowTasks?: number;
  /** How they are submitted. */
  readonly load: (tasks: number, form: Form) => Load;
  /** So many of the first tasks do not count into the waits. */
  readonly skip?: number;
  /** Who takes part; all when left out. */
  readonly systems?: readonly SystemName[];
}

const THROUGHPUT: WorkerSettings = { slots: 100, tuning: 'throughput' };
const LATENCY: WorkerSettings = { slots: 100, tuning: 'latency' };
const SLEEPING: WorkerSettings = { slots: 100, tuning: 'sleeping' };

const CALLERS = 100;
const BULK = 1_000;
const HANDLER_MS = 5;

/** Systems that commit each lone submit, or each start and finish, by itself. */
export const SLOW_AT: Readonly<Partial<Record<SystemName, readonly ScenarioName[]>>> = {
  'bullmq-record': ['submit-single', 'submit-callers', 'submit-bulk', 'drain', 'flow-callers', 'flow-bulk', 'sleep'],
  'pg-boss': ['submit-single', 'submit-callers', 'flow-callers'],
  'graphile-worker': ['submit-single', 'submit-callers', 'flow-callers'],
};

const callers = (count: number): Load => ({ shape: 'callers', count, callers: CALLERS });
const bulk = (count: number): Load => ({ shape: 'bulk', count, size: BULK });
const delayed = (count: number, form: Form): Load =>
  form === 'full'
    ? { shape: 'delayed', count, leadMs: 3_000, overMs: 10_000 }
    : { shape: 'delayed', count, leadMs: 500, overMs: 1_000 };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'drain',
    title: 'Drain: one worker process, 100 at once',
    kind: 'drain',
    worker: THROUGHPUT,
    tasks: { full: 30_000, smoke: 2_000 },
    slowTasks: 6_000,
    load: bulk,
  },
  {
    name: 'flow-bulk',
    title: `End to end, submitted in bulks of ${BULK}`,
    kind: 'flow',
    worker: THROUGHPUT,
    tasks: { full: 30_000, smoke: 2_000 },
    slowTasks: 6_000,
    load: bulk,
  },
  {
    name: 'flow-callers',
    title: `End to end, submitted by ${CALLERS} callers`,
    kind: 'flow',
    worker: THROUGHPUT,
    tasks: { full: 20_000, smoke: 1_000 },
    slowTasks: 3_000,
    load: callers,
  },
  {
    name: 'submit-bulk',
    title: `Submit in bulks of ${BULK}`,
    kind: 'submit',
    worker: THROUGHPUT,
    tasks: { full: 30_000, smoke: 2_000 },
    slowTasks: 10_000,
    load: bulk,
  },
  {
    name: 'submit-callers',
    title: `Submit by ${CALLERS} callers`,
    kind: 'submit',
    worker: THROUGHPUT,
    tasks: { full: 20_000, smoke: 1_000 },
    slowTasks: 3_000,
    load: callers,
  },
  {
    name: 'submit-single',
    title: 'Submit by one caller, each awaited',
    kind: 'submit',
    worker: THROUGHPUT,
    tasks: { full: 3_000, smoke: 100 },
    slowTasks: 1_500,
    load: (count) => ({ shape: 'callers', count, callers: 1 }),
  },
  {
    name: 'sleep',
    title: `Handlers of ${HANDLER_MS} ms, 100 at once`,
    kind: 'drain',
    worker: SLEEPING,
    tasks: { full: 20_000, smoke: 500 },
    slowTasks: 5_000,
    load: (count) => ({ ...bulk(count), sleepMs: HANDLER_MS }),
  },
  {
    name: 'idle',
    title: 'Pick-up on an idle system',
    kind: 'wait',
    worker: LATENCY,
    tasks: { full: 300, smoke: 30 },
    load: (count) => ({ shape: 'lone', count, gapMs: 10 }),
    skip: 20,
  },
  {
    name: 'paced-1000',
    title: 'Wait at 1,000 tasks a second',
    kind: 'wait',
    worker: LATENCY,
    tasks: { full: 8_000, smoke: 500 },
    load: (count) => ({ shape: 'paced', count, perSecond: 1_000 }),
    skip: 1_000,
    systems: ['millrace', 'bullmq', 'bullmq-record', 'bee-queue'],
  },
  {
    name: 'delayed-1000',
    title: 'Lateness of 1,000 delayed tasks, due over 10 s',
    kind: 'wait',
    worker: LATENCY,
    tasks: { full: 1_000, smoke: 100 },
    load: delayed,
  },
  {
    name: 'delayed-10000',
    title: 'Lateness of 10,000 delayed tasks, due over 10 s',
    kind: 'wait',
    worker: LATENCY,
    tasks: { full: 10_000, smoke: 500 },
    load: delayed,
  },
  {
    name: 'bytes',
    title: 'Bytes of a pending task',
    kind: 'bytes',
    worker: THROUGHPUT,
    tasks: { full: 100_000, smoke: 2_000 },
    load: bulk,
  },
];
