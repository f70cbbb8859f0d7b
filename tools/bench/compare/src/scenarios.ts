import type { Load } from '../host/src/load';
import type { WorkerSettings } from '../host/src/system';
import { PACED_SECONDS, type Form, type Scenario } from './scenario';
import type { SystemName } from './systems';

const THROUGHPUT: WorkerSettings = { slots: 100, tuning: 'throughput' };
const LATENCY: WorkerSettings = { slots: 100, tuning: 'latency' };
const SLEEPING: WorkerSettings = { slots: 100, tuning: 'sleeping' };

const CALLERS = 100;
const BULK = 1_000;
const HANDLER_MS = 5;

/** Everything that is a queue with workers. */
const QUEUES: readonly SystemName[] = [
  'millrace',
  'bullmq',
  'bullmq-record',
  'bee-queue',
  'pg-boss',
  'graphile-worker',
];

/** Those that are also held against what they cost without any promise. */
const WITH_SKETCH: readonly SystemName[] = [...QUEUES, 'sketch'];

const callers = (count: number): Load => ({ shape: 'callers', count, callers: CALLERS });
const bulk = (count: number): Load => ({ shape: 'bulk', count, size: BULK });
const delayed = (count: number, form: Form): Load =>
  form === 'full'
    ? { shape: 'delayed', count, leadMs: 3_000, overMs: 10_000 }
    : { shape: 'delayed', count, leadMs: 500, overMs: 1_000 };

/** Everything that is measured, in this order. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'drain',
    title: 'Drain by one worker process',
    kind: 'drain',
    worker: THROUGHPUT,
    tasks: { full: 30_000, smoke: 2_000 },
    slowTasks: 6_000,
    load: bulk,
    systems: WITH_SKETCH,
  },
  {
    name: 'flow-bulk',
    title: `End to end, submitted in bulks of ${BULK}`,
    kind: 'flow',
    worker: THROUGHPUT,
    tasks: { full: 30_000, smoke: 2_000 },
    slowTasks: 6_000,
    load: bulk,
    systems: WITH_SKETCH,
  },
  {
    name: 'flow-callers',
    title: `End to end, submitted by ${CALLERS} callers`,
    kind: 'flow',
    worker: THROUGHPUT,
    tasks: { full: 20_000, smoke: 1_000 },
    slowTasks: 3_000,
    load: callers,
    systems: WITH_SKETCH,
  },
  {
    name: 'submit-bulk',
    title: `Submit in bulks of ${BULK}`,
    kind: 'submit',
    worker: THROUGHPUT,
    tasks: { full: 30_000, smoke: 2_000 },
    slowTasks: 10_000,
    load: bulk,
    systems: [...WITH_SKETCH, 'millrace-raw'],
  },
  {
    name: 'submit-callers',
    title: `Submit by ${CALLERS} callers`,
    kind: 'submit',
    worker: THROUGHPUT,
    tasks: { full: 20_000, smoke: 1_000 },
    slowTasks: 3_000,
    load: callers,
    systems: [...WITH_SKETCH, 'millrace-raw'],
  },
  {
    name: 'submit-single',
    title: 'Submit by one caller, each awaited',
    kind: 'submit',
    worker: THROUGHPUT,
    tasks: { full: 3_000, smoke: 100 },
    slowTasks: 1_500,
    load: (count) => ({ shape: 'callers', count, callers: 1 }),
    systems: [...QUEUES, 'millrace-raw'],
  },
  {
    name: 'sleep',
    title: `Handlers of ${HANDLER_MS} ms, 100 at once`,
    kind: 'drain',
    worker: SLEEPING,
    tasks: { full: 20_000, smoke: 500 },
    slowTasks: 5_000,
    load: (count) => ({ ...bulk(count), sleepMs: HANDLER_MS }),
    systems: WITH_SKETCH,
  },
  {
    name: 'idle',
    title: 'Pick-up on an idle system',
    kind: 'wait',
    worker: LATENCY,
    tasks: { full: 300, smoke: 30 },
    load: (count) => ({ shape: 'lone', count, gapMs: 10 }),
    skip: 20,
    systems: WITH_SKETCH,
  },
  {
    name: 'paced-1000',
    like: 'paced-half',
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
    like: 'delayed-10000',
    title: 'Lateness of 1,000 delayed tasks, due over 10 s',
    kind: 'wait',
    worker: LATENCY,
    tasks: { full: 1_000, smoke: 100 },
    load: delayed,
    systems: QUEUES,
  },
  {
    name: 'delayed-10000',
    title: 'Lateness of 10,000 delayed tasks, due over 10 s',
    kind: 'wait',
    worker: LATENCY,
    tasks: { full: 10_000, smoke: 500 },
    load: delayed,
    systems: QUEUES,
  },
  {
    name: 'bytes',
    title: 'Bytes of a pending task',
    kind: 'bytes',
    worker: THROUGHPUT,
    tasks: { full: 100_000, smoke: 2_000 },
    load: bulk,
    systems: QUEUES,
  },
  {
    name: 'paced-half',
    title: 'Wait at 50% of its own capacity',
    kind: 'wait',
    worker: LATENCY,
    tasks: { full: 0, smoke: 0 },
    shareOfCapacity: 0.5,
    load: (count) => ({ shape: 'paced', count, perSecond: count / PACED_SECONDS }),
    skip: 1_000,
    systems: QUEUES,
  },
  {
    name: 'paced-high',
    like: 'paced-half',
    title: 'Wait at 80% of its own capacity',
    kind: 'wait',
    worker: LATENCY,
    tasks: { full: 0, smoke: 0 },
    shareOfCapacity: 0.8,
    load: (count) => ({ shape: 'paced', count, perSecond: count / PACED_SECONDS }),
    skip: 1_000,
    systems: QUEUES,
  },
  {
    name: 'rest-callers',
    title: `Submit over REST, ${CALLERS} connections`,
    kind: 'submit',
    worker: THROUGHPUT,
    tasks: { full: 20_000, smoke: 500 },
    load: callers,
    systems: ['millrace-rest', 'fastify-insert'],
  },
  {
    name: 'rest-bulk',
    title: `Submit over REST in bulks of ${BULK}`,
    kind: 'submit',
    worker: THROUGHPUT,
    tasks: { full: 30_000, smoke: 2_000 },
    load: bulk,
    systems: ['millrace-rest'],
  },
  {
    name: 'workers-2',
    title: 'Drain: two worker processes',
    kind: 'drain',
    worker: THROUGHPUT,
    workers: 2,
    tasks: { full: 30_000, smoke: 2_000 },
    load: bulk,
    systems: ['millrace', 'bullmq'],
  },
  {
    name: 'workers-4',
    like: 'workers-2',
    title: 'Drain: four worker processes',
    kind: 'drain',
    worker: THROUGHPUT,
    workers: 4,
    tasks: { full: 30_000, smoke: 2_000 },
    load: bulk,
    systems: ['millrace', 'bullmq'],
  },
  {
    name: 'drain-large',
    like: 'drain',
    title: 'Drain: many more tasks',
    kind: 'drain',
    worker: THROUGHPUT,
    tasks: { full: 200_000, smoke: 4_000 },
    load: bulk,
    systems: ['millrace'],
  },
];
