import { FINAL_STATUSES, type FinalStatus } from '@millrace/contracts';
import type { EntityManager } from 'typeorm';
import type { Database } from './database';
import {
  DEFAULT_RETENTION,
  isTooWide,
  missingSpans,
  parseSpan,
  partitionName,
  partitionWidthMs,
  retentionOf,
  type Retention,
  type Span,
} from './partition-plan';
import { isMissingTable } from './pg-errors';
import { pruneCompanions, pruneAttemptsOf } from './prune-companions';

/** A table that holds ended tasks of one status; `span` null: the net for what no other takes. */
interface Leaf {
  readonly name: string;
  readonly span: Span | null;
}

/** What one run of `prune` removed. */
export interface Pruned {
  /** Dropped partitions. */
  readonly partitions: number;
  /** Tasks in them. */
  readonly droppedTasks: number;
  /** Tasks deleted one by one from partitions that hold younger ones too. */
  readonly deletedTasks: number;
  /** False: a limit was reached, the next run goes on. */
  readonly done: boolean;
}

const NOTHING: Pruned = { partitions: 0, droppedTasks: 0, deletedTasks: 0, done: true };

/** Rows deleted in one transaction, and such transactions in one run and status. */
const DELETE_ROWS = 5_000;
const DELETE_ROUNDS = 40;

/** Readers wait behind a lock that waits: give up soon, and let the next run try. */
const BRIEF_LOCK = `SET LOCAL lock_timeout = '2s'`;
/** That of one of many schedulers may be wrong, and what is removed by it is gone. */
const CLOCK = `SELECT now() AS now`;
const IN_UTC = `SET LOCAL timezone = 'UTC'`;

/** Held by the one process that changes partitions. */
const TAKE_TURNS = `SELECT pg_advisory_xact_lock(7231004519)`;

const LEAVES = `
  SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = $1::regclass ORDER BY c.relname`;

/**
 * The partitions of ended tasks, by the time they ended: made ahead, and dropped when the retention has passed.
 * Names come from `partitionName` or the catalogue, never from outside.
 */
export class Partitions {
  constructor(private readonly db: Database) {}

  /**
   * Makes what is missing for the coming time; answers the names of what it made. Tasks that the net has caught for a new
   * partition move into it. Any number of processes may run it. `now` is the database's by default.
   */
  async ensure(options: { readonly retention?: Retention; readonly now?: Date } = {}): Promise<{ created: string[] }> {
    const { retention = DEFAULT_RETENTION, now = await this.now() } = options;
    const created: string[] = [];
    for (const status of FINAL_STATUSES) {
      const widthMs = partitionWidthMs(retentionOf(retention, status));
      created.push(...(await this.ensureOf(status, widthMs, now)));
    }
    return { created };
  }

  /**
   * Removes tasks that ended longer ago than their retention, with their attempts and slots, and keys that are free.
   * A partition is dropped once all its tasks are past; see `isTooWide` for the exception. Counts follow in the same
   * transaction. Bounded: see `done`. By the clock of the database, unless another `now` is given.
   */
  async prune(retention: Retention, now?: Date): Promise<Pruned> {
    const nowMs = (now ?? (await this.now())).getTime();
    let pruned = NOTHING;
    for (const status of FINAL_STATUSES) {
      const retentionMs = retentionOf(retention, status);
      const cutoff = new Date(nowMs - retentionMs);
      for (const leaf of await this.leavesOf(status)) {
        pruned = sum(pruned, await this.pruneLeaf(leaf, cutoff, retentionMs));
      }
    }
    const companions = await pruneCompanions(this.db, retention);
    return { ...pruned, done: pruned.done && companions.done };
  }

  private async now(): Promise<Date> {
    const [row] = await this.db.query<{ now: Date }>(CLOCK);
    if (!row) throw new Error('The database did not tell its time');
    return row.now;
  }

  private async ensureOf(status: FinalStatus, widthMs: number, now: Date): Promise<string[]> {
    return this.changing(async (manager) => {
      const existing = (await this.leavesOf(status, manager)).flatMap(({ span }) => span ?? []);
      const spans = missingSpans(existing, widthMs, now);
      for (const span of spans) await this.create(status, span, manager);
      return spans.map((span) => partitionName(status, span));
    });
  }

  /** One process at a time; moving or counting the rows of a partition may take long. */
  private changing<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.db.transaction(async (manager) => {
      await this.db.query(BRIEF_LOCK, [], manager);
      return this.db.longStatements(manager, async () => {
        await this.db.query(TAKE_TURNS, [], manager);
        return work(manager);
      });
    });
  }

  /** The table counts before it is filled and is filled before it is attached: nothing is missed or counted twice. */
  private async create(status: FinalStatus, span: Span, manager: EntityManager): Promise<void> {
    const name = partitionName(status, span);
    const parent = `tasks_${status}`;
    const bounds = [`'${span.from.toISOString()}'`, `'${span.to.toISOString()}'`] as const;
    const statements = [
      `LOCK TABLE ${parent}_default IN ACCESS EXCLUSIVE MODE`,
      `CREATE TABLE ${name} (LIKE ${parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`,
      `CALL count_tasks_of('${name}')`,
      `WITH caught AS (DELETE FROM ${parent}_default WHERE finished_at >= ${bounds[0]} AND finished_at < ${bounds[1]} RETURNING *)
       INSERT INTO ${name} SELECT * FROM caught`,
      `ALTER TABLE ${parent} ATTACH PARTITION ${name} FOR VALUES FROM (${bounds[0]}) TO (${bounds[1]})`,
    ];
    for (const statement of statements) await this.db.query(statement, [], manager);
  }

  private async pruneLeaf({ name, span }: Leaf, cutoff: Date, retentionMs: number): Promise<Pruned> {
    try {
      if (span && span.to <= cutoff) return await this.drop(name);
      const isBoundary = span === null || (span.from < cutoff && isTooWide(span, cutoff, retentionMs));
      return isBoundary ? await this.deleteFrom(name, cutoff) : NOTHING;
    } catch (error) {
      // Another process was faster.
      if (isMissingTable(error)) return NOTHING;
      throw error;
    }
  }

  private async drop(name: string): Promise<Pruned> {
    await pruneAttemptsOf(this.db, name);
    const droppedTasks = await this.changing(async (manager) => {
      // Readers go on while the rows are counted; a retry out of this partition waits.
      await this.db.query(`LOCK TABLE ${name} IN SHARE MODE`, [], manager);
      const [counted] = await this.db.query<{ n: number }>(
        `WITH counted AS (
           INSERT INTO task_count_deltas (n, status, type, queue, user_id)
           SELECT -count(*), status, type, queue, user_id FROM ${name} GROUP BY status, type, queue, user_id RETURNING n
         )
         SELECT coalesce(-sum(n), 0)::float8 AS n FROM counted`,
        [],
        manager,
      );
      await this.db.query(`DROP TABLE ${name}`, [], manager);
      return counted?.n ?? 0;
    });
    return { ...NOTHING, partitions: 1, droppedTasks };
  }

  private async deleteFrom(name: string, cutoff: Date): Promise<Pruned> {
    let deletedTasks = 0;
    for (let round = 0; round < DELETE_ROUNDS; round += 1) {
      const [gone] = await this.db.query<{ n: number }>(
        `WITH old AS MATERIALIZED (
           SELECT id, task_id FROM ${name} WHERE finished_at < $1 ORDER BY id LIMIT ${DELETE_ROWS} FOR UPDATE SKIP LOCKED
         ), gone AS (
           DELETE FROM ${name} WHERE id = ANY (ARRAY(SELECT id FROM old)) AND finished_at < $1 RETURNING 1
         ), attempts AS (
           DELETE FROM task_attempts WHERE task_id = ANY (ARRAY(SELECT task_id FROM old))
         )
         SELECT count(*)::integer AS n FROM gone`,
        [cutoff],
      );
      deletedTasks += gone?.n ?? 0;
      if ((gone?.n ?? 0) < DELETE_ROWS) return { ...NOTHING, deletedTasks };
    }
    return { ...NOTHING, deletedTasks, done: false };
  }

  private async leavesOf(status: FinalStatus, manager?: EntityManager): Promise<Leaf[]> {
    if (!manager) return this.db.transaction((own) => this.leavesOf(status, own));
    // Bounds are shown in the time zone of the connection.
    await this.db.query(IN_UTC, [], manager);
    const rows = await this.db.query<{ name: string; bound: string }>(LEAVES, [`tasks_${status}`], manager);
    return rows.map(({ name, bound }) => ({ name, span: parseSpan(bound) }));
  }
}

function sum(a: Pruned, b: Pruned): Pruned {
  return {
    partitions: a.partitions + b.partitions,
    droppedTasks: a.droppedTasks + b.droppedTasks,
    deletedTasks: a.deletedTasks + b.deletedTasks,
    done: a.done && b.done,
  };
}
