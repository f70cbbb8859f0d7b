import type { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { DeadlinePassed, within } from '@millrace/contracts';
import type { ClientBase } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { isConflict, isLostPlan, translated } from './pg-errors';
import { StoreConnection } from './store-connection';
import { StoreUnavailable } from './store-errors';
import type { StoreOptions } from './store-options';

/** A transaction that loses to another one is run this often in all. */
const CONFLICT_TRIES = 3;

const ALLOW_LONG = `
  SELECT current_setting('statement_timeout') AS before, set_config('statement_timeout', '60s', true)`;
const ALLOW_AS_BEFORE = `SELECT set_config('statement_timeout', $1, true)`;

/** A statement that each connection parses and plans once. The name is of its text alone. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
  /** Which plans it needs to be good for ever: `any` when there is nothing to choose. */
  readonly plans: StoreOptions['plans'];
}

export type RawRow = Readonly<Record<string, unknown>>;

/**
 * Statements on the pool, one place for what goes wrong with them:
 * - a lost race (deadlock, serialization) is run again, unless the transaction is the caller's;
 * - a server that is away becomes `StoreUnavailable`, data it cannot hold `UnstorableData`.
 */
export class Database {
  /** False once a connection did not know its own prepared statements: a pooler stands between that cannot follow them. */
  private prepares = true;
  /** The transactions that this began, and may begin again: those of a caller may be on a connection of another kind. */
  private readonly own = new WeakSet<EntityManager>();

  constructor(
    readonly dataSource: DataSource,
    private readonly plans: StoreOptions['plans'] = 'any',
  ) {}

  /** Rows of one statement, whatever its kind. With `manager` it is part of that transaction. */
  async query<R extends object = RawRow>(
    sql: string,
    parameters: readonly unknown[] = [],
    manager?: EntityManager,
  ): Promise<R[]> {
    const inCaller = manager?.queryRunner;
    if (inCaller) return settled(() => rowsOf<R>(inCaller, sql, parameters));
    return this.retried(async () => {
      const runner = this.dataSource.createQueryRunner();
      try {
        return await rowsOf<R>(runner, sql, parameters);
      } finally {
        await runner.release();
      }
    });
  }

  /**
   * Like `query`, for the statements that every task passes through: planning one of them takes a millisecond or two, which a
   * batch of ten would pay for with more than all the rest. Within a transaction that a caller began nothing is prepared, nor
   * what needs plans by key where others are allowed.
   */
  async queryPrepared<R extends object = RawRow>(
    statement: PreparedStatement,
    parameters: readonly unknown[],
    manager?: EntityManager,
  ): Promise<R[]> {
    const isSafe = statement.plans === 'any' || this.plans === 'by_key';
    const isOwn = !manager || this.own.has(manager);
    if (!isOwn || !isSafe || !this.prepares || __MUTANT__) return this.query<R>(statement.text, parameters, manager);
    const inOwn = manager?.queryRunner;
    if (inOwn) return settled(() => preparedRowsOf<R>(inOwn, statement, parameters));
    return this.retried(async () => {
      const runner = this.dataSource.createQueryRunner();
      try {
        if (this.prepares) return await preparedRowsOf<R>(runner, statement, parameters);
        return await rowsOf<R>(runner, statement.text, parameters);
      } finally {
        await runner.release();
      }
    });
  }

  /** Runs `work` in a transaction, again when it lost a race: `work` must do nothing outside of it. */
  async transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (__MUTANT__ === 'promise_before_commit') return answeredEarly(this.dataSource, work);
    return this.retried(() =>
      this.dataSource.transaction((manager) => {
        this.own.add(manager);
        return work(manager);
      }),
    );
  }

  /** Lets each statement of `work`, a part of the transaction of `manager`, take up to a minute; the rest keeps its limit. */
  async longStatements<T>(manager: EntityManager, work: () => Promise<T>): Promise<T> {
    const [limit] = await this.query<{ before: string }>(ALLOW_LONG, [], manager);
    const connection: unknown = await manager.queryRunner?.connect();
    // A pool of the caller's has limits of its own.
    const result = await (connection instanceof StoreConnection ? connection.longAnswers(work) : work());
    await this.query(ALLOW_AS_BEFORE, [limit?.before], manager);
    return result;
  }

  /** Resolves when the server answers; throws `StoreUnavailable` after `timeoutMs` at the latest. */
  async ping(timeoutMs: number): Promise<void> {
    const runner = this.dataSource.createQueryRunner();
    const answered = rowsOf(runner, 'SELECT 1', []).finally(() => runner.release());
    try {
      await within(timeoutMs, answered);
    } catch (error) {
      // While it still connects there is nothing to drop: that has its own limit.
      if (error instanceof DeadlinePassed) dropConnection(runner, error).catch(() => undefined);
      const cause = translated(error);
      throw cause instanceof StoreUnavailable ? cause : new StoreUnavailable(cause);
    }
  }

  private async retried<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (attempt >= CONFLICT_TRIES) throw translated(error);
        if (isLostPlan(error)) this.prepares = false;
        else if (isConflict(error)) await delay(Math.random() * 20 * attempt);
        else throw translated(error);
      }
    }
  }
}

async function settled<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // The caller's transaction must see a lost race as it is, to be run again as a whole.
    throw isConflict(error) ? error : translated(error);
  }
}

async function rowsOf<R>(runner: QueryRunner, sql: string, parameters: readonly unknown[]): Promise<R[]> {
  const result = await runner.query(__MUTANT__ === 'client_clock' ? byOwnClock(sql) : sql, [...parameters], true);
  return (result.records ?? []) as R[];
}

/** TypeORM knows no prepared statements; the driver's own connection does. */
async function preparedRowsOf<R>(
  runner: QueryRunner,
  { name, text }: PreparedStatement,
  values: readonly unknown[],
): Promise<R[]> {
  const connection = (await runner.connect()) as ClientBase;
  const { rows } = await connection.query({ name, text, values: [...values] });
  return rows as R[];
}

/** For a mutant of the fault suite: resolves half a second before the commit. */
function answeredEarly<T>(dataSource: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const committed = dataSource.transaction(async (manager) => {
      resolve(await work(manager));
      await delay(500);
    });
    committed.catch((error: unknown) => reject(translated(error) as Error));
  });
}

/** For a mutant of the fault suite. */
function byOwnClock(sql: string): string {
  return sql.replaceAll('now()', `'${new Date(Date.now() + 3_600_000).toISOString()}'::timestamptz`);
}

/** The next user of a connection whose statement was not answered would wait behind that statement. */
async function dropConnection(runner: QueryRunner, reason: unknown): Promise<void> {
  const connection = (await runner.connect()) as EventEmitter;
  connection.emit('error', reason);
}
