import type { EntityManager } from 'typeorm';
import type { Database, RawRow } from './database';
import { readSchedule, SCHEDULE_COLUMNS } from './schedule-columns';
import { firingParameters } from './due-schedules';
import type { Firing, NewSlot, ScheduleRow } from './schedule-row';

/** A slot that waits and may go on: nothing of its schedule is unfinished, or that does not matter. Its schedule is locked. */
export interface ReleasableSlot {
  readonly schedule: ScheduleRow;
  readonly slotAt: Date;
}

const INSERT = `
  INSERT INTO schedule_slots (schedule_id, slot_at, outcome, origin, reason, task_id, late_ms)
  SELECT id, slot_at, outcome, origin, reason, task_id,
    coalesce(greatest(0, extract(epoch FROM clock_timestamp() - due_at) * 1000), 0)::bigint
  FROM jsonb_to_recordset($1::jsonb) AS n (
    id bigint, slot_at timestamptz, due_at timestamptz, outcome text, origin text, reason text, task_id text
  )
  ON CONFLICT (schedule_id, slot_at) DO NOTHING
  RETURNING schedule_id::text AS id, slot_at`;

const SKIP_WAITING = `
  UPDATE schedule_slots SET outcome = 'skipped', reason = 'replaced by a later slot'
  WHERE schedule_id = ANY ($1::bigint[]) AND outcome = 'waiting'`;

const LOCK_RELEASABLE = `
  SELECT ${SCHEDULE_COLUMNS.split(', ')
    .map((column) => `s.${column}`)
    .join(', ')}, w.slot_at AS released_slot_at
  FROM (
    SELECT schedule_id, min(slot_at) AS slot_at FROM schedule_slots WHERE outcome = 'waiting' GROUP BY schedule_id
  ) AS w
  JOIN schedules s ON s.id = w.schedule_id
  WHERE NOT s.paused AND ((s.source = 'api' AND $2::boolean)
    OR (s.source = 'code' AND s.declared_by = $3 AND s.name = ANY ($1::text[])))
    AND (s.overlap = 'allow' OR (
      NOT EXISTS (SELECT FROM tasks_pending t WHERE t.schedule_id = s.id)
      AND NOT EXISTS (SELECT FROM tasks_processing t WHERE t.schedule_id = s.id)
    ))
  LIMIT $4
  FOR UPDATE OF s SKIP LOCKED`;

/** Whoever looked before another scheduler's commit gets nothing here. Of each schedule, which is locked, comes one slot. */
const TAKE_WAITING = `
  WITH taken AS (
    UPDATE schedule_slots w SET outcome = n.outcome, task_id = n.task_id, reason = n.reason
    FROM jsonb_to_recordset($1::jsonb) AS n (id bigint, slot_at timestamptz, outcome text, task_id text, reason text)
    WHERE w.schedule_id = n.id AND w.slot_at = n.slot_at AND w.outcome = 'waiting'
    RETURNING w.schedule_id, w.slot_at, w.outcome, w.origin
  ), ran AS (
    UPDATE schedules s SET last_run_at = greatest(s.last_run_at, t.slot_at) FROM taken t
    WHERE s.id = t.schedule_id AND t.outcome = 'submitted' AND t.origin = 'schedule'
  )
  SELECT schedule_id::text AS id, slot_at FROM taken`;

const DECIDED = `SELECT slot_at FROM schedule_slots WHERE schedule_id = $1 AND slot_at = ANY ($2::timestamptz[])`;

const TO_CANCEL = `
  SELECT t.task_id, s.name FROM schedules s
  JOIN (
    SELECT schedule_id, task_id FROM tasks_pending WHERE schedule_id IS NOT NULL
    UNION ALL
    SELECT schedule_id, task_id FROM tasks_processing WHERE schedule_id IS NOT NULL AND cancel_requested_at IS NULL
  ) AS t ON t.schedule_id = s.id
  WHERE s.overlap = 'cancel_running' AND NOT s.paused
    AND s.id IN (SELECT schedule_id FROM schedule_slots WHERE outcome = 'waiting')
  LIMIT $1`;

/** Which slots were new; a slot is told by its schedule's id and its epoch ms. */
export type SlotKeys = ReadonlySet<string>;

export const slotKey = ({ scheduleId, slotAt }: Pick<NewSlot, 'scheduleId' | 'slotAt'>): string =>
  `${scheduleId} ${slotAt.getTime()}`;

/** See `ScheduleRepository.insertSlots`. */
export async function insertSlots(db: Database, slots: readonly NewSlot[], manager: EntityManager): Promise<SlotKeys> {
  if (slots.length === 0) return new Set();
  const asked = slots.map((slot) => ({
    id: slot.scheduleId,
    slot_at: slot.slotAt,
    due_at: slot.dueAt,
    outcome: slot.outcome,
    origin: slot.origin,
    reason: slot.reason,
    task_id: slot.taskId,
  }));
  return keysOf(await db.query<KeyRow>(INSERT, [JSON.stringify(asked)], manager));
}

/** See `ScheduleRepository.skipWaiting`. */
export async function skipWaiting(db: Database, ids: readonly number[], manager: EntityManager): Promise<void> {
  if (ids.length > 0) await db.query(SKIP_WAITING, [ids], manager);
}

/** See `ScheduleRepository.lockReleasable`. */
export async function lockReleasable(
  db: Database,
  { firing, limit }: { readonly firing: Firing; readonly limit: number },
  manager: EntityManager,
): Promise<ReleasableSlot[]> {
  const rows = await db.query<RawRow & { readonly released_slot_at: Date }>(
    LOCK_RELEASABLE,
    [...firingParameters(firing), limit],
    manager,
  );
  return rows.map((row) => ({ schedule: readSchedule(row), slotAt: row.released_slot_at }));
}

/** See `ScheduleRepository.takeWaiting`. */
export async function takeWaiting(
  db: Database,
  slots: readonly Pick<NewSlot, 'scheduleId' | 'slotAt' | 'outcome' | 'taskId' | 'reason'>[],
  manager: EntityManager,
): Promise<SlotKeys> {
  if (slots.length === 0) return new Set();
  const rows = slots.map(({ scheduleId, slotAt, outcome, taskId, reason }) => ({
    id: scheduleId,
    slot_at: slotAt,
    outcome,
    task_id: taskId,
    reason,
  }));
  return keysOf(await db.query<KeyRow>(TAKE_WAITING, [JSON.stringify(rows)], manager));
}

/** See `ScheduleRepository.decidedSlots`. */
export async function decidedSlots(
  db: Database,
  { scheduleId, slots }: { readonly scheduleId: number; readonly slots: readonly Date[] },
  manager?: EntityManager,
): Promise<Set<number>> {
  const rows = await db.query<{ slot_at: Date }>(DECIDED, [scheduleId, slots], manager);
  return new Set(rows.map(({ slot_at }) => slot_at.getTime()));
}

/** See `ScheduleRepository.tasksToCancel`. */
export async function tasksToCancel(
  db: Database,
  limit: number,
): Promise<{ readonly taskId: string; readonly schedule: string }[]> {
  const rows = await db.query<{ task_id: string; name: string }>(TO_CANCEL, [limit]);
  return rows.map(({ task_id, name }) => ({ taskId: task_id, schedule: name }));
}

interface KeyRow {
  readonly id: string;
  readonly slot_at: Date;
}

const keysOf = (rows: readonly KeyRow[]): SlotKeys =>
  new Set(rows.map(({ id, slot_at }) => slotKey({ scheduleId: Number(id), slotAt: slot_at })));
