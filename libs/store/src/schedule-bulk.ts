import type { Database } from './database';
import { SCHEDULES_CHANNEL } from './schedule-notices';
import type { NextSlot } from './schedule-row';

/**
 * Locks are taken in one order. A schedule that somebody changed since its next slot was computed, as its version tells, is
 * left for another call.
 */
const RESUME = `
  WITH wanted AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS w (name text, version integer, slot_at timestamptz, run_at timestamptz)
  ), chosen AS (
    SELECT s.id, w.slot_at, w.run_at FROM schedules s JOIN wanted w ON w.name = s.name AND w.version = s.version
    WHERE s.paused ORDER BY s.id FOR UPDATE OF s
  ), resumed AS (
    UPDATE schedules s SET paused = false, pause_reason = NULL, next_slot_at = c.slot_at, next_run_at = c.run_at,
      updated_at = now()
    FROM chosen c WHERE s.id = c.id RETURNING s.name
  ), noted AS (
    INSERT INTO audit_log (actor, action, schedule, detail)
    SELECT $2, 'resume_schedule', name, jsonb_build_object('reason', $3::text) FROM resumed
  ), told AS (
    SELECT pg_notify('${SCHEDULES_CHANNEL}', '') FROM resumed LIMIT 1
  )
  SELECT name, (SELECT count(*) FROM told) AS told FROM resumed ORDER BY name`;

/** A paused schedule and where it goes on. */
export interface ScheduleResume {
  readonly name: string;
  /** The version that `next` was computed for. */
  readonly version: number;
  readonly next: NextSlot;
}

/** See `ScheduleRepository.resumeMany`. */
export async function resumeMany(
  db: Database,
  resumes: readonly ScheduleResume[],
  { reason, actor }: { readonly reason: string | null; readonly actor: string },
): Promise<string[]> {
  if (resumes.length === 0) return [];
  const wanted = resumes.map(({ name, version, next }) => ({
    name,
    version,
    slot_at: next?.slotAt ?? null,
    run_at: next?.runAt ?? null,
  }));
  const rows = await db.query<{ name: string }>(RESUME, [JSON.stringify(wanted), actor, reason]);
  return rows.map(({ name }) => name);
}
