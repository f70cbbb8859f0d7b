import type { Database } from './database';

/** Where one schedule stands, as those who watch it want to know. */
export interface WatchedSchedule {
  readonly name: string;
  /** Whether it fires: neither paused nor orphaned, and with a slot to come. */
  readonly isActive: boolean;
  /** When its next slot fires; in the past when it is overdue. Null: it has none. */
  readonly nextRunAt: Date | null;
  readonly lastRunAt: Date | null;
  /** Slots that were passed over since it was made. */
  readonly missed: number;
}

/** Both halves by an index: among 100,000 schedules none but the chosen ones is looked at. */
const WATCHED = `
  WITH chosen AS (
    (SELECT id, 0 AS rank FROM schedules WHERE name = ANY ($1::text[]))
    UNION ALL
    (SELECT id, 1 FROM schedules WHERE name <> ALL ($1::text[]) ORDER BY id LIMIT $2)
  )
  SELECT s.name, NOT s.paused AND s.orphaned_at IS NULL AND s.next_run_at IS NOT NULL AS "isActive",
    s.next_run_at AS "nextRunAt", s.last_run_at AS "lastRunAt", s.missed_count::float8 AS missed
  FROM chosen c JOIN schedules s ON s.id = c.id ORDER BY c.rank, c.id LIMIT $2`;

/** See `ScheduleRepository.watched`. */
export function watchedSchedules(
  db: Database,
  { first, limit }: { readonly first: readonly string[]; readonly limit: number },
): Promise<readonly WatchedSchedule[]> {
  return db.query<WatchedSchedule>(WATCHED, [first, limit]);
}
