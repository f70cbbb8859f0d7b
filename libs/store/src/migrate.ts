import { DataSource, MigrationExecutor } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { Database } from './database';
import { MIGRATIONS } from './migrations';
import { Partitions } from './partitions';
import { translated } from './pg-errors';

/** Two migrators take turns under this number; nothing else may use it. */
const LOCK = `SELECT pg_advisory_xact_lock(7231004517)`;

/** Of its own, so that an application in the same database may keep its migrations where TypeORM puts them. */
const TABLE = 'millrace_migrations';

const APPLIED = `SELECT count(*)::integer AS n FROM ${TABLE}`;
const IS_MIGRATED = `SELECT to_regclass('${TABLE}') IS NOT NULL AS found`;

/** The version that this code works with: how many migrations must be applied. */
export const requiredSchemaVersion = MIGRATIONS.length;

/**
 * Brings a database up to `requiredSchemaVersion`, in one transaction, and makes the partitions of the coming weeks.
 * Does nothing when it is there already; any number of processes may run it at once. `log` gets a line for people.
 * Throws `StoreUnavailable`.
 */
export async function migrate(databaseUrl: string, log: (line: string) => void = () => undefined): Promise<void> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: databaseUrl,
    applicationName: 'millrace-migrate',
    migrations: [...MIGRATIONS],
    migrationsTableName: TABLE,
    connectTimeoutMS: 10_000,
    poolSize: 2,
    // Building an index on a large table takes what it takes; waiting for the lock does not.
    extra: { options: '-c statement_timeout=0 -c lock_timeout=10min -c timezone=UTC', keepAlive: true },
  });
  try {
    await dataSource.initialize();
    const applied = await applyUnderLock(dataSource);
    for (const name of applied) log(`applied ${name}`);
    if (applied.length === 0) log(`nothing to apply: version ${requiredSchemaVersion} is there`);
    const { created } = await new Partitions(new Database(dataSource)).ensure();
    if (created.length > 0) log(`created ${created.length} partitions`);
  } catch (error) {
    throw translated(error);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

/** How many migrations a database has; 0 for an empty one. */
export async function schemaVersion(db: Database): Promise<number> {
  const [migrated] = await db.query<{ found: boolean }>(IS_MIGRATED);
  if (!migrated?.found) return 0;
  const [applied] = await db.query<{ n: number }>(APPLIED);
  return applied?.n ?? 0;
}

async function applyUnderLock(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.query(LOCK);
    const applied = await applyPending(dataSource, runner);
    await runner.commitTransaction();
    return applied;
  } catch (error) {
    // What is thrown is why it failed, not that the rollback failed as well.
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}

async function applyPending(dataSource: DataSource, runner: QueryRunner): Promise<string[]> {
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = 'all';
  const applied = await executor.executePendingMigrations();
  return applied.map((migration) => migration.name);
}
