import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createRunFolder, removeRunFolder, startPostgres, startRedis, type Store } from '@millrace/stack';
import { migrate } from '@millrace/store';
import { ServiceProcess } from '@millrace/testing';
import { Client } from 'pg';
import { FaultProxy } from './fault-proxy';
import { onQuietPort } from './quiet-port';

export type ServiceKind = 'api' | 'worker' | 'scheduler';

/** What a scenario wants to run on. */
export interface TestbedOptions {
  /** Worker processes. Default 2. */
  readonly workers?: number;
  /** Default 2. */
  readonly apis?: number;
  /** Default 2. */
  readonly schedulers?: number;
  /** Tasks running at once in one worker. Default 25. */
  readonly slots?: number;
  /** `QUEUE_LEASE` in milliseconds. Default 4,000. */
  readonly leaseMs?: number;
  /** Default none. */
  readonly redisPersistence?: 'appendonly' | 'none';
  /** Further arguments of Redis. */
  readonly redisArgs?: readonly string[];
  /** Further settings of PostgreSQL. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
  /** Folder of PostgreSQL's data. Default: in the folder of the run. */
  readonly postgresFolder?: string;
  /** Folder of Redis' data. Default: in the folder of the run. */
  readonly redisFolder?: string;
  /**
   * How the services log in to PostgreSQL: as the owner of everything, or as a role of their own that has its rights from
   * the owner. Default `owner`.
   */
  readonly login?: 'owner' | 'member';
  /** Whether each service reaches the stores through proxies of its own. Default direct. */
  readonly network?: 'direct' | 'proxied';
  /** Further variables of every service. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further variables of every worker. */
  readonly workerEnv?: Readonly<Record<string, string>>;
  /** Folder of the bundles, from the root of the clone. Default `dist`. */
  readonly bundles?: string;
}

/** One process of the platform, and its lines to the stores when they are proxied. */
export interface Service {
  readonly kind: ServiceKind;
  readonly process: ServiceProcess;
  readonly links: { readonly postgres: FaultProxy; readonly redis: FaultProxy } | undefined;
}

const BUNDLES: Readonly<Record<ServiceKind, string>> = {
  api: join('apps', 'api', 'main.js'),
  worker: join('tools', 'faults', 'worker', 'main.js'),
  scheduler: join('apps', 'scheduler', 'main.js'),
};

/** The role of the services that log in as `member`. */
export const MEMBER = 'millrace_service';
export const REDIS_PREFIX = 'millrace';
/** A service that was told to end has this long until it is killed. */
const END_MS = 30_000;

/** A whole platform of its own: real stores, and the services as they ship. */
export class Testbed {
  private all: Service[] = [];
  private readonly ports: number[] = [];
  /** How the services reach PostgreSQL. */
  serviceUrl: string;

  private constructor(
    /** Where logs go; kept after the run. */
    readonly folder: string,
    readonly options: TestbedOptions,
    /** Where the stores keep their data; removed after the run. */
    readonly dataFolder: string,
    readonly postgres: Store,
    private currentRedis: Store,
  ) {
    this.serviceUrl = postgres.url;
  }

  /** Starts everything and waits until it is ready; `folder` gets the logs. */
  static async start(folder: string, options: TestbedOptions): Promise<Testbed> {
    mkdirSync(folder, { recursive: true });
    const dataFolder = createRunFolder();
    const [postgres, redis] = await Promise.all([
      onQuietPort((port) =>
        startPostgres({
          dataDir: options.postgresFolder ?? join(dataFolder, 'postgres'),
          port,
          durability: 'volatile',
          log: join(folder, 'postgres.log'),
          settings: { max_connections: '200', ...options.postgresSettings },
        }),
      ),
      onQuietPort((port) =>
        startRedis({
          dataDir: options.redisFolder ?? join(dataFolder, 'redis'),
          port,
          persistence: options.redisPersistence ?? 'none',
          log: join(folder, 'redis.log'),
          extraArgs: options.redisArgs ?? [],
        }),
      ),
    ]);
    const testbed = new Testbed(folder, options, dataFolder, postgres, redis);
    try {
      await migrate(postgres.url);
      if (options.login === 'member') testbed.serviceUrl = await addMember(postgres.url);
      await testbed.fillUp();
    } catch (error) {
      await testbed.stop();
      throw error;
    }
    return testbed;
  }

  get redis(): Store {
    return this.currentRedis;
  }

  /** Another Redis takes the place of the one there was, as after a failover; needs the proxied network. */
  replaceRedis(redis: Store): void {
    this.currentRedis = redis;
    for (const { links } of this.all) links?.redis.redirect(redis.port);
  }

  /** The processes of a kind that have not ended. */
  running(kind: ServiceKind): Service[] {
    return this.all.filter((service) => service.kind === kind && service.process.running);
  }

  /** Where the api processes answer. */
  get apiUrls(): string[] {
    return this.running('api').map(({ process }) => process.url);
  }

  /** Starts one more process on a free port, with further variables or another bundle than usual. */
  async add(
    kind: ServiceKind,
    { env = {}, bundle = BUNDLES[kind] }: { env?: Readonly<Record<string, string>>; bundle?: string } = {},
  ): Promise<Service> {
    const links = this.options.network === 'proxied' ? await this.link() : undefined;
    const variables = {
      ...this.environment(),
      DATABASE_URL: throughPort(this.serviceUrl, links?.postgres.port),
      REDIS_URL: throughPort(this.redis.url, links?.redis.port),
      ...(kind === 'worker' ? this.options.workerEnv : {}),
      ...env,
    };
    const process = await onQuietPort(
      (port) => this.startProcess(kind, port, bundle, variables),
      () => this.ports,
    );
    const service = { kind, process, links };
    this.all.push(service);
    return service;
  }

  /** Starts as many processes as are missing. */
  async fillUp(): Promise<void> {
    const wanted: readonly [ServiceKind, number][] = [
      ['api', this.options.apis ?? 2],
      ['worker', this.options.workers ?? 2],
      ['scheduler', this.options.schedulers ?? 2],
    ];
    const missing = wanted.flatMap(([kind, count]) =>
      Array.from({ length: Math.max(0, count - this.running(kind).length) }, () => kind),
    );
    // All are waited for, so that none is left half started when another one fails.
    const starts = await Promise.allSettled(missing.map((kind) => this.add(kind)));
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
  }

  /** Ends whatever a scenario left: everything runs on, every line is whole, every process is there. */
  async heal(): Promise<void> {
    await this.healStore(this.postgres);
    await this.healStore(this.redis);
    for (const { process, links } of this.all) {
      if (process.running) await process.kill('SIGCONT');
      links?.postgres.heal();
      links?.redis.heal();
    }
    await this.fillUp();
  }

  /** Ends everything and removes the stores' data; the logs stay. */
  async stop(): Promise<void> {
    await Promise.all(this.all.map((service) => this.end(service)));
    await Promise.allSettled([this.postgres.stop(), this.redis.stop()]);
    await removeRunFolder(this.dataFolder);
  }

  private async healStore(store: Store): Promise<void> {
    await store.kill('SIGCONT');
    const ended = await Promise.race([store.exited, Promise.resolve(undefined)]);
    if (ended !== undefined) await store.restart();
  }

  private async end({ process, links }: Service): Promise<void> {
    if (process.running) {
      await process.kill('SIGCONT');
      const timer = setTimeout(() => void process.kill('SIGKILL'), END_MS);
      await process.kill('SIGTERM');
      clearTimeout(timer);
    }
    await Promise.all([links?.postgres.close(), links?.redis.close()]);
  }

  private startProcess(
    kind: ServiceKind,
    port: number,
    bundle: string,
    variables: Readonly<Record<string, string>>,
  ): Promise<ServiceProcess> {
    this.ports.push(port);
    return ServiceProcess.start(
      kind,
      port,
      { ...variables, [`${kind.toUpperCase()}_PORT`]: String(port) },
      { bundle: join(this.options.bundles ?? 'dist', bundle), log: join(this.folder, `${kind}-${port}.log`) },
    );
  }

  private async link(): Promise<NonNullable<Service['links']>> {
    return { postgres: await FaultProxy.start(this.postgres.port), redis: await FaultProxy.start(this.redis.port) };
  }

  private environment(): Record<string, string> {
    const { leaseMs = 4_000, slots = 25, env } = this.options;
    return {
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'info',
      QUEUE_REDIS_PREFIX: REDIS_PREFIX,
      QUEUE_LEASE: `${leaseMs}ms`,
      QUEUE_WORKERS: String(slots),
      QUEUE_RETRY_DELAY: '200ms',
      QUEUE_POLL_INTERVAL: '1s',
      RATELIMIT_ENABLED: 'false',
      SHUTDOWN_TIMEOUT: '10s',
      EFFECTS_FOLDER: this.folder,
      WORKER_SPILL_FOLDER: join(this.folder, 'spill'),
      ...env,
    };
  }
}

async function addMember(ownerUrl: string): Promise<string> {
  const url = new URL(ownerUrl);
  const owner = url.username;
  url.username = MEMBER;
  url.password = randomBytes(12).toString('hex');
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  await client.query(`CREATE ROLE ${MEMBER} LOGIN PASSWORD '${url.password}' IN ROLE ${owner}`);
  await client.end();
  return url.href;
}

function throughPort(url: string, port: number | undefined): string {
  if (port === undefined) return url;
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}
