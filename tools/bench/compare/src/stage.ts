import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cloneFolder, freePort } from '@millrace/stack';
import { ServiceProcess } from '@millrace/testing';
import { peakRssMib } from '../../platform/memory.mjs';
import type { Places } from '../host/src/system';
import { BenchProcess } from './bench-process';
import type { FreshStores } from './bench-stores';
import { PACED_SECONDS, SLOW_AT, type Form, type Scenario } from './scenario';
import { HOST, nodeOf, SHIPPED_WORKER, SYSTEMS, type SystemInfo, type SystemName } from './systems';
import { readUsage, type Usage } from './usage';

/** One run of one scenario on one system. */
export interface Run {
  readonly scenario: Scenario;
  readonly system: SystemName;
  readonly round: number;
  readonly form: Form;
  /** What the system can do, in tasks a second, for a scenario that asks for a share of it. */
  readonly capacity?: number;
  /** Tasks, where it is not the scenario that says. */
  readonly tasks?: number;
  /** Gets the output of the processes. */
  readonly folder: string;
}

/** Lets the services start; they stand on loopback, on stores that are gone in a moment. */
const KEY = 'bench-key-of-no-worth-0123456789abcdef';

/** The processes of one run on its stores. */
export class Stage {
  readonly info: SystemInfo;
  readonly tasks: number;
  readonly workers: BenchProcess[] = [];
  private submitter: BenchProcess | undefined;
  private service: ServiceProcess | undefined;

  constructor(
    readonly run: Run,
    readonly stores: FreshStores,
  ) {
    this.info = SYSTEMS[run.system];
    this.tasks = tasksOf(run);
  }

  get producer(): BenchProcess {
    if (!this.submitter) throw new Error('The producer has not been started');
    return this.submitter;
  }

  /** Starts the submitting side, behind the HTTP service where there is one. */
  async startProducer(): Promise<void> {
    const { name, http, module, exported } = this.info;
    const places: Places = {
      databaseUrl: this.stores.databaseUrl,
      redisUrl: this.stores.redisUrl,
      ...(http === undefined ? {} : { http: { url: await this.startService(http), key: KEY } }),
    };
    this.submitter = await BenchProcess.start({
      name: `producer of ${name}`,
      node: this.node(),
      script: HOST,
      args: [JSON.stringify({ role: 'producer', module, exported, places })],
      log: join(this.run.folder, 'producer.log'),
    });
  }

  /** Starts the working side, in as many processes as the scenario says; answers when they take tasks. */
  async startWorkers(): Promise<void> {
    const { workers = 1 } = this.run.scenario;
    const starts = await Promise.allSettled(Array.from({ length: workers }, () => this.startWorker()));
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
  }

  usage(): Usage {
    const workers = this.workers.map(
      ({ pid }, index) => [index === 0 ? 'worker' : `worker ${index + 1}`, pid] as const,
    );
    return readUsage({
      producer: this.producer.pid,
      ...(this.service ? { api: this.service.pid } : {}),
      ...Object.fromEntries(workers),
      ...this.stores.pids,
    });
  }

  /** Largest resident memory so far, in MiB, of each kind of process. */
  peaks(): Record<string, number> {
    const of = (pids: number[]) => Math.max(...pids.map((pid) => peakRssMib(pid) ?? 0));
    return {
      producer: of([this.producer.pid]),
      ...(this.service ? { api: of([this.service.pid]) } : {}),
      ...(this.workers.length > 0 ? { worker: of(this.workers.map(({ pid }) => pid)) } : {}),
    };
  }

  /** Saves the logs from the end of the whole, for whoever looks into a run that failed. */
  keepLogs(): string {
    const kept = join(cloneFolder(), 'bench', `failed-${basename(this.run.folder)}-${Date.now()}`);
    cpSync(this.run.folder, kept, { recursive: true });
    return kept;
  }

  async end(): Promise<void> {
    await Promise.all([
      this.submitter?.end(),
      this.service?.kill('SIGKILL'),
      ...this.workers.map((worker) => worker.end()),
    ]);
  }

  private async startService(bundle: string): Promise<string> {
    const port = await freePort(0);
    this.service = await ServiceProcess.start(
      'api',
      port,
      { ...this.settings(), API_PORT: String(port), RATELIMIT_ENABLED: 'false' },
      { bundle, log: join(this.run.folder, 'api.log') },
    );
    return this.service.url;
  }

  private async startWorker(): Promise<void> {
    const { scenario, folder } = this.run;
    const { name, worker, module, exported, throughputSlots } = this.info;
    const { tuning } = scenario.worker;
    const slots = tuning === 'throughput' ? (throughputSlots ?? scenario.worker.slots) : scenario.worker.slots;
    const stamps = { expected: this.tasks, skip: Math.min(scenario.skip ?? 0, Math.floor(this.tasks / 4)) };
    const places: Places = { databaseUrl: this.stores.databaseUrl, redisUrl: this.stores.redisUrl };
    const about = { name: `worker of ${name}`, node: this.node(), log: join(folder, 'worker.log') };
    const started = await BenchProcess.start(
      worker === 'hosted'
        ? {
            ...about,
            script: HOST,
            args: [JSON.stringify({ role: 'worker', module, exported, places, settings: { tuning, slots }, stamps })],
          }
        : {
            ...about,
            script: SHIPPED_WORKER,
            env: {
              ...this.settings(),
              WORKER_PORT: String(await freePort(0)),
              QUEUE_WORKERS: String(slots),
              BENCH_STAMPS: JSON.stringify(stamps),
            },
          },
    );
    this.workers.push(started);
  }

  /** What every service of ours must be told; the rest is at its default. */
  private settings(): Record<string, string> {
    const { databaseUrl, redisUrl } = this.stores;
    return { NODE_ENV: 'production', HOST: '127.0.0.1', API_KEYS: KEY, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
  }

  private node(): string {
    const found = nodeOf(this.info);
    if (found === undefined) throw new Error(`The Node.js for ${this.info.label} is not installed`);
    return found;
  }
}

function tasksOf({ scenario, system, form, capacity, tasks }: Run): number {
  if (tasks !== undefined) return tasks;
  if (scenario.shareOfCapacity !== undefined) {
    return Math.max(1, Math.round((capacity ?? 0) * scenario.shareOfCapacity * PACED_SECONDS));
  }
  const slow = form === 'full' && SLOW_AT[system]?.includes(scenario.name);
  return (slow ? scenario.slowTasks : undefined) ?? scenario.tasks[form];
}
