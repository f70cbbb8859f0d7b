import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { AttemptQueries } from './attempt-queries';
import { CountFolder } from './count-folder';
import { Database } from './database';
import { AttemptEntity, ScheduleEntity, TaskEntity, WorkerEntity } from './entities';
import { IdempotencyRepository } from './idempotency-repository';
import { requiredSchemaVersion, schemaVersion } from './migrate';
import { LiveVacuum } from './live-vacuum';
import { Partitions } from './partitions';
import { isRefusedLogin, translated } from './pg-errors';
import { TYPE_PARSERS } from './read-instant';
import { ScheduleRepository } from './schedule-repository';
import { StoreUnavailable } from './store-errors';
import { StoreConnection } from './store-connection';
import type { StoreOptions } from './store-options';
import { TaskQueries } from './task-queries';
import { TaskRepository } from './task-repository';
import { WorkerRepository } from './worker-repository';

/** Limits on what a server or a network that answers no more can hold up, in milliseconds. */
const LIMITS = {
  /** Making a connection, and waiting for a free one of the pool. */
  connectMs: 3_000,
  /** One statement; what may take longer says so itself. */
  statementMs: 5_000,
  lockMs: 2_000,
  /** A transaction whose process forgot it. */
  idleInTransactionMs: 10_000,
  /** No answer at all, to an ordinary statement and to one that may take a minute. The connection is given up then. */
  answerMs: 8_000,
  longAnswerMs: 65_000,
  pingMs: 1_000,
} as const;

/** Compiling costs more than these short statements run. */
const SESSION = ['jit=off', 'timezone=UTC'];

/** What is left are nested loops over index scans; a bitmap would give rows out of the order in which they are to be locked. */
const BY_KEY = ['enable_seqscan=off', 'enable_bitmapscan=off', 'enable_hashjoin=off', 'enable_mergejoin=off'];

const OPEN_RETRY_MS = 500;

/** The record: one pool of connections and everything that is done through it. */
export class Store {
  readonly tasks: TaskRepository;
  readonly queries: TaskQueries;
  readonly attempts: AttemptQueries;
  readonly workers: WorkerRepository;
  readonly schedules: ScheduleRepository;
  readonly idempotency: IdempotencyRepository;
  readonly counts: CountFolder;
  readonly liveVacuum: LiveVacuum;
  readonly partitions: Partitions;
  readonly #db: Database;

  constructor(
    readonly dataSource: DataSource,
    plans: StoreOptions['plans'] = 'any',
  ) {
    const db = new Database(dataSource, plans);
    this.#db = db;
    this.tasks = new TaskRepository(db);
    this.queries = new TaskQueries(db);
    this.attempts = new AttemptQueries(db);
    this.workers = new WorkerRepository(db);
    this.schedules = new ScheduleRepository(db);
    this.idempotency = new IdempotencyRepository(db);
    this.counts = new CountFolder(db);
    this.liveVacuum = new LiveVacuum(db);
    this.partitions = new Partitions(db);
  }

  /** Resolves when PostgreSQL answers; throws `StoreUnavailable` after 1 s at the latest. */
  async ping(): Promise<void> {
    await this.#db.ping(LIMITS.pingMs);
  }

  /** How many migrations the database has; below `requiredSchemaVersion` this code does not work with it. */
  schemaVersion(): Promise<number> {
    return schemaVersion(this.#db);
  }

  /** Whether the database is migrated far enough for this code. */
  async isMigrated(): Promise<boolean> {
    return (await this.schemaVersion()) >= requiredSchemaVersion;
  }

  /** Closes the pool; running statements end first. */
  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  /** Nest's last shutdown hook: everybody who writes has finished by then. */
  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }
}

/**
 * Connects, waiting up to `openTimeoutMs` for a server that is not there yet; from then on connections come back by
 * themselves after every outage. Throws `StoreUnavailable`, at once when the server does not take the role or its password.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const giveUpAt = performance.now() + options.openTimeoutMs;
  for (;;) {
    const dataSource = dataSourceOf(options);
    try {
      return new Store(await dataSource.initialize(), options.plans);
    } catch (error) {
      const cause = translated(error);
      const passes = cause instanceof StoreUnavailable && !isRefusedLogin(error);
      if (!passes || performance.now() >= giveUpAt) throw cause;
      await delay(OPEN_RETRY_MS);
    }
  }
}

function dataSourceOf({ databaseUrl, poolSize, applicationName, plans }: StoreOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: databaseUrl,
    applicationName,
    poolSize,
    entities: [TaskEntity, AttemptEntity, WorkerEntity, ScheduleEntity],
    synchronize: false,
    installExtensions: false,
    connectTimeoutMS: LIMITS.connectMs,
    // A broken idle connection is replaced at the next use; whoever uses one hears of it there.
    poolErrorHandler: () => undefined,
    extra: {
      Client: StoreConnection,
      types: TYPE_PARSERS,
      statement_timeout: LIMITS.statementMs,
      lock_timeout: LIMITS.lockMs,
      idle_in_transaction_session_timeout: LIMITS.idleInTransactionMs,
      answerMs: LIMITS.answerMs,
      longAnswerMs: LIMITS.longAnswerMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      options: SESSION.concat(plans === 'by_key' ? BY_KEY : [])
        .map((setting) => `-c ${setting}`)
        .join(' '),
    },
  });
}
