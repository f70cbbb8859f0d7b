import type { Database } from './database';
import { WorkerEntity, type TypeInfo } from './entities';
import { columnsOf, rowReader } from './row-reader';

/** What a worker process says about itself. */
export interface NewWorker {
  readonly workerId: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly queues: readonly string[];
  /** Tasks it runs at once. */
  readonly concurrency: number;
  readonly types: readonly TypeInfo[];
}

export type WorkerRow = WorkerEntity;

const readWorker = rowReader(WorkerEntity);

const REGISTER = `
  INSERT INTO workers (worker_id, host, pid, version, queues, concurrency, types)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (worker_id) DO UPDATE SET queues = excluded.queues, concurrency = excluded.concurrency,
    types = excluded.types, version = excluded.version, last_seen = now()`;

const BEAT = `
  WITH seen AS (UPDATE workers SET last_seen = now() WHERE worker_id = $1 RETURNING 1) SELECT count(*)::integer AS n FROM seen`;

const LIVE = `
  SELECT ${columnsOf(WorkerEntity).join(', ')} FROM workers
  WHERE last_seen > now() - $1::float8 * interval '1 ms' ORDER BY started_at, worker_id LIMIT 10000`;

const PRUNE = `
  WITH gone AS (
    DELETE FROM workers w WHERE last_seen <= now() - $1::float8 * interval '1 ms'
      AND NOT EXISTS (SELECT FROM tasks_processing t WHERE t.worker_id = w.worker_id) RETURNING 1
  )
  SELECT count(*)::integer AS n FROM gone`;

/** Worker processes as the database has seen them; the second witness of who is alive. */
export class WorkerRepository {
  constructor(private readonly db: Database) {}

  async register(worker: NewWorker): Promise<void> {
    const { workerId, host, pid, version, queues, concurrency, types } = worker;
    await this.db.query(REGISTER, [workerId, host, pid, version, queues, concurrency, JSON.stringify(types)]);
  }

  /** Says that the worker lives; false when its row is gone and it must register again. */
  async beat(workerId: string): Promise<boolean> {
    const [seen] = await this.db.query<{ n: number }>(BEAT, [workerId]);
    return seen?.n === 1;
  }

  /** At shutdown. */
  async remove(workerId: string): Promise<void> {
    await this.db.query(`DELETE FROM workers WHERE worker_id = $1`, [workerId]);
  }

  /** Workers seen within the last `silentMs`, oldest first. */
  async live(silentMs: number): Promise<WorkerRow[]> {
    return (await this.db.query(LIVE, [silentMs])).map(readWorker);
  }

  /** Forgets workers not seen for `silentMs` that hold no task; answers how many. */
  async pruneSilent(silentMs: number): Promise<number> {
    const [gone] = await this.db.query<{ n: number }>(PRUNE, [silentMs]);
    return gone?.n ?? 0;
  }
}
