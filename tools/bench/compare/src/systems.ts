import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@millrace/stack';

export type SystemName =
  | 'millrace'
  | 'millrace-rest'
  | 'millrace-raw'
  | 'fastify-insert'
  | 'sketch'
  | 'bullmq'
  | 'bullmq-record'
  | 'bee-queue'
  | 'pg-boss'
  | 'graphile-worker';

/** One system under measurement, and how it is started. */
export interface SystemInfo {
  readonly name: SystemName;
  readonly label: string;
  /** `ours` is the product and other ways into it; `peer` needs packages of the benchmark's own. */
  readonly side: 'ours' | 'baseline' | 'peer';
  /** The module that submits to it and, when `worker` is `hosted`, works; and which of its exports. */
  readonly module: string;
  readonly exported: string;
  /** `shipped`: our own worker service. */
  readonly worker: 'hosted' | 'shipped';
  /** The service that stands in front of it, when tasks are submitted over HTTP. */
  readonly http?: string;
  /** The stores that hold its tasks. */
  readonly uses: readonly ('postgres' | 'redis')[];
  /** What the database holds before it starts. */
  readonly schema: 'migrated' | 'empty';
  /** `newer`: it needs a newer Node.js than the platform does. */
  readonly node: 'own' | 'newer';
  /** Whether each task that has ended stays as a row with its times. */
  readonly record: 'rows' | 'none';
  /** Tasks at once where throughput is measured, if more than the scenario says are better for it. */
  readonly throughputSlots?: number;
  /** How it was set, for the reader of the report. */
  readonly settings: string;
}

const bundle = (...path: string[]) => join(workspaceRoot, 'dist', 'tools', 'bench', ...path, 'main.js');
/** Folder of the packages of the other systems, which are not the product's. */
export const PEERS_FOLDER = join(workspaceRoot, 'tools', 'bench');
const peer = (name: string) => join(PEERS_FOLDER, 'peers', `${name}.mjs`);

/** The programs that run the two sides of a system. */
export const HOST = bundle('compare', 'host');
export const SHIPPED_WORKER = bundle('worker');

const OURS = {
  side: 'ours',
  module: bundle('compare', 'millrace'),
  worker: 'shipped',
  schema: 'migrated',
  node: 'own',
  uses: ['postgres', 'redis'],
  record: 'rows',
  // As many as share one claim, one start and one statement of outcomes; BullMQ is no faster with 300 or 500 than with 100.
  throughputSlots: 500,
} as const;
const PEER = { side: 'peer', exported: 'system', worker: 'hosted', schema: 'empty' } as const;

export const SYSTEMS: Readonly<Record<SystemName, SystemInfo>> = {
  millrace: {
    ...OURS,
    name: 'millrace',
    label: 'Millrace',
    exported: 'library',
    settings:
      'the worker service as it ships; QUEUE_WORKERS=500 where throughput is measured, else as stated; all else at its default',
  },
  'millrace-rest': {
    ...OURS,
    name: 'millrace-rest',
    label: 'Millrace over REST',
    exported: 'rest',
    http: join('dist', 'apps', 'api', 'main.js'),
    settings: 'the api service as it ships, with a key; RATELIMIT_ENABLED=false',
  },
  'millrace-raw': {
    ...OURS,
    name: 'millrace-raw',
    label: 'Millrace, raw',
    exported: 'raw',
    uses: ['redis'],
    record: 'none',
    settings: 'QueueClient: into Redis alone, recorded later',
  },
  'fastify-insert': {
    ...OURS,
    name: 'fastify-insert',
    label: 'Fastify + INSERT',
    side: 'baseline',
    exported: 'rowInsert',
    http: join('dist', 'tools', 'bench', 'compare', 'baseline', 'main.js'),
    schema: 'empty',
    uses: ['postgres'],
    record: 'none',
    settings: 'the HTTP server of the api with one single-row INSERT a request, pool of 20 connections',
  },
  sketch: {
    name: 'sketch',
    label: 'Sketch',
    side: 'baseline',
    module: bundle('compare', 'sketch'),
    exported: 'sketch',
    worker: 'hosted',
    schema: 'empty',
    node: 'own',
    uses: ['postgres', 'redis'],
    record: 'rows',
    throughputSlots: 500,
    settings:
      'the same way of a task without what it promises: a lean row before its entry, start and outcome as updates in place; no attempts, retries, single leases, repair, counts, metrics',
  },
  bullmq: {
    ...PEER,
    name: 'bullmq',
    label: 'BullMQ',
    module: peer('bullmq'),
    uses: ['redis'],
    node: 'own',
    record: 'none',
    settings: 'concurrency as stated, removeOnComplete',
  },
  'bullmq-record': {
    ...PEER,
    name: 'bullmq-record',
    label: 'BullMQ + record',
    module: peer('bullmq-record'),
    uses: ['postgres', 'redis'],
    node: 'own',
    record: 'rows',
    settings: 'as BullMQ; a row inserted before each job and updated at its start and finish, pool of 20 connections',
  },
  'bee-queue': {
    ...PEER,
    name: 'bee-queue',
    label: 'bee-queue',
    module: peer('bee-queue'),
    uses: ['redis'],
    node: 'own',
    record: 'none',
    settings: 'no events, no stored jobs, removeOnSuccess, delayedDebounce 25 ms',
  },
  'pg-boss': {
    ...PEER,
    name: 'pg-boss',
    label: 'pg-boss',
    module: peer('pg-boss'),
    uses: ['postgres'],
    node: 'newer',
    record: 'rows',
    settings:
      'NOTIFY, poll of 0.5 s, burstWhenBatchFull; batches of 2,000 for 2 workers (25 for 4 where handlers wait)',
  },
  'graphile-worker': {
    ...PEER,
    name: 'graphile-worker',
    label: 'Graphile Worker',
    module: peer('graphile-worker'),
    uses: ['postgres'],
    node: 'newer',
    record: 'none',
    settings:
      'localQueue 2,000 and batched completions (500 where handlers wait); poll of 50 ms where latency is measured',
  },
};

/** The Node.js for a system; undefined when it is not installed. */
export function nodeOf({ node }: SystemInfo): string | undefined {
  if (node === 'own') return process.execPath;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  const newer = join(PEERS_FOLDER, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  return existsSync(newer) ? newer : undefined;
}

/** The systems that can be measured here: ours, and the others when their packages are installed. */
export function installedSystems(): SystemName[] {
  const peersInstalled = existsSync(join(PEERS_FOLDER, 'node_modules', '.package-lock.json'));
  return Object.values(SYSTEMS)
    .filter((system) => system.side !== 'peer' || (peersInstalled && nodeOf(system) !== undefined))
    .map(({ name }) => name);
}
