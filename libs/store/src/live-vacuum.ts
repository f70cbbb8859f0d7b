import type { Database } from './database';

/** Where rows come and go all the time. Names of our own, never from outside. */
const TABLES = ['tasks_pending', 'tasks_processing', 'task_count_deltas'] as const;

/** Fewer dead rows than this disturb nobody. */
const LEAST_DEAD = 5_000;
/** Dead rows for each living one: every index is read whole, so the work has to be worth it where much waits. */
const LEAST_SHARE = 0.1;
/** Whole reads of more than this take too long for a statement that others may wait behind; autovacuum sees to such a table. */
const MOST_BYTES = 256 * 2 ** 20;
/** A table is left alone for so many times as long as it took: also where an old snapshot keeps the dead rows from being removed. */
const REST = 20;

const DUE = `
  SELECT s.relname AS name FROM pg_stat_user_tables s
  WHERE s.relid = ANY ($1::regclass[]) AND s.n_dead_tup >= greatest(${LEAST_DEAD}, ${LEAST_SHARE} * s.n_live_tup)
    AND pg_relation_size(s.relid) <= ${MOST_BYTES}`;

/**
 * Waits for no lock: who holds one is autovacuum, another process that does the same, or a migration. Keeps the space for the rows
 * to come instead of giving it back, which would need a lock that workers wait for; and takes no second core.
 */
const vacuum = (table: string) => `VACUUM (SKIP_LOCKED, INDEX_CLEANUP ON, TRUNCATE OFF, PARALLEL 0) ${table}`;

interface DueTable {
  readonly name: (typeof TABLES)[number];
}

/**
 * Removes the dead rows of what waits, what runs and the changes of counts soon after they died. Autovacuum comes once in
 * `autovacuum_naptime`, a minute, and until then each list walks over all that has passed through. Any number of processes may run it.
 */
export class LiveVacuum {
  readonly #restUntilMs = new Map<string, number>();

  constructor(private readonly db: Database) {}

  /** Answers how many tables were vacuumed. Takes a few milliseconds when there is nothing to do. Throws `StoreUnavailable`. */
  async runOnce(): Promise<number> {
    const due = await this.db.query<DueTable>(DUE, [TABLES]);
    const ready = due.filter(({ name }) => performance.now() >= (this.#restUntilMs.get(name) ?? 0));
    for (const { name } of ready) await this.vacuum(name);
    return ready.length;
  }

  private async vacuum(name: string): Promise<void> {
    const startedMs = performance.now();
    try {
      await this.db.query(vacuum(name));
    } finally {
      const endedMs = performance.now();
      this.#restUntilMs.set(name, endedMs + REST * (endedMs - startedMs));
    }
  }
}
