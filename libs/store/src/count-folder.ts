import type { EntityManager } from 'typeorm';
import type { Database } from './database';

/** Rows folded in one transaction, and transactions in one run; the rest waits for the next run. */
const FOLD_ROWS = 20_000;
const FOLD_ROUNDS = 20;

/** Any number will do as long as nothing else uses it. */
const LOCK = `SELECT pg_try_advisory_xact_lock(7231004518) AS free`;

const FOLD = `
  WITH gone AS (
    DELETE FROM task_count_deltas WHERE ctid = ANY (ARRAY(SELECT ctid FROM task_count_deltas LIMIT ${FOLD_ROWS}))
    RETURNING n, status, type, queue, user_id
  ), counted AS (
    INSERT INTO task_counts AS c (status, type, queue, n)
    SELECT status, type, queue, sum(n) FROM gone GROUP BY status, type, queue HAVING sum(n) <> 0
    ON CONFLICT (status, type, queue) DO UPDATE SET n = c.n + excluded.n
  ), counted_users AS (
    INSERT INTO task_user_counts AS c (user_id, status, type, queue, n)
    SELECT user_id, status, type, queue, sum(n) FROM gone WHERE user_id IS NOT NULL
    GROUP BY user_id, status, type, queue HAVING sum(n) <> 0
    ON CONFLICT (user_id, status, type, queue) DO UPDATE SET n = c.n + excluded.n
  )
  SELECT count(*)::integer AS n FROM gone`;

/**
 * Folds changes of counts into totals, so that reading them stays cheap. Counts are exact with or without it.
 * Any number of processes may run it; one at a time folds.
 */
export class CountFolder {
  constructor(private readonly db: Database) {}

  /** Answers how many changes were folded; 0 also when another process is at it. */
  async runOnce(): Promise<number> {
    let total = 0;
    for (let round = 0; round < FOLD_ROUNDS; round += 1) {
      const folded = await this.db.transaction((manager) => this.fold(manager));
      total += folded;
      if (folded < FOLD_ROWS) break;
    }
    return total;
  }

  private async fold(manager: EntityManager): Promise<number> {
    const [lock] = await this.db.query<{ free: boolean }>(LOCK, [], manager);
    if (!lock?.free) return 0;
    const [folded] = await this.db.query<{ n: number }>(FOLD, [], manager);
    return folded?.n ?? 0;
  }
}
