import type { Database } from './database';

/** A waiting task as the repair compares it with Redis: without its payload. */
export interface MissingCandidate {
  readonly id: number;
  readonly taskId: string;
  readonly queue: string;
  readonly attempt: number;
  readonly runAt: Date;
  readonly createdAt: Date;
  /** How long nothing has changed it, by the database's clock. */
  readonly unchangedMs: number;
  /** How long it has been due and unchanged; negative when it is due later. */
  readonly overdueMs: number;
  /** How large its payload is as stored, perhaps compressed. */
  readonly storedBytes: number;
}

/** Which candidates: page with `afterId` = the last id, from 0. */
export interface CandidatePage {
  readonly afterId: number;
  readonly olderThanMs: number;
  readonly limit: number;
}

const CANDIDATE_COLUMNS = `id, task_id, queue, attempt, run_at, created_at, pg_column_size(payload) AS stored_bytes,
  (extract(epoch FROM now() - updated_at) * 1000)::float8 AS unchanged_ms,
  (extract(epoch FROM now() - greatest(run_at, updated_at)) * 1000)::float8 AS overdue_ms`;
const CANDIDATES_BY_TASK_IDS = `SELECT ${CANDIDATE_COLUMNS} FROM tasks_pending WHERE task_id = ANY ($1::text[]) ORDER BY id`;
const MISSING_CANDIDATES = `
  SELECT ${CANDIDATE_COLUMNS} FROM tasks_pending
  WHERE id > $1 AND updated_at <= now() - $2::float8 * interval '1 ms' ORDER BY id LIMIT $3`;

interface CandidateRow {
  readonly id: string;
  readonly task_id: string;
  readonly queue: string;
  readonly attempt: number;
  readonly run_at: Date;
  readonly created_at: Date;
  readonly stored_bytes: number;
  readonly unchanged_ms: number;
  readonly overdue_ms: number;
}

/** See `TaskQueries.missingCandidates`. */
export async function missingCandidates(db: Database, page: CandidatePage): Promise<MissingCandidate[]> {
  const rows = await db.query<CandidateRow>(MISSING_CANDIDATES, [page.afterId, page.olderThanMs, page.limit]);
  return rows.map(candidateOf);
}

/** See `TaskQueries.missingCandidatesOf`. */
export async function missingCandidatesOf(db: Database, taskIds: readonly string[]): Promise<MissingCandidate[]> {
  if (taskIds.length === 0) return [];
  return (await db.query<CandidateRow>(CANDIDATES_BY_TASK_IDS, [taskIds])).map(candidateOf);
}

function candidateOf(row: CandidateRow): MissingCandidate {
  return {
    id: Number(row.id),
    taskId: row.task_id,
    queue: row.queue,
    attempt: row.attempt,
    runAt: row.run_at,
    createdAt: row.created_at,
    unchangedMs: row.unchanged_ms,
    overdueMs: row.overdue_ms,
    storedBytes: row.stored_bytes,
  };
}
