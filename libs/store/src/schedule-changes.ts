import type { EntityManager } from 'typeorm';
import type { Database, RawRow } from './database';
import {
  DEFINED_COLUMNS,
  DEFINED_VALUES,
  DEFINITION,
  DEFINITION_OF_ROW,
  definitionJson,
  DIFFERS,
  readSchedule,
  SCHEDULE_COLUMNS,
  SET_DEFINITION,
  TIMED_DIFFERS,
} from './schedule-columns';
import { SCHEDULES_CHANNEL } from './schedule-notices';
import type {
  NextSlot,
  ScheduleDefinition,
  ScheduleFilter,
  SchedulePut,
  ScheduleRow,
  ScheduleSource,
} from './schedule-row';
import { scheduleFilterSql } from './schedule-queries';

/** What a `put` may say. */
export interface PutRequest {
  readonly name: string;
  readonly definition: ScheduleDefinition;
  /** The slot that comes next by this definition; a schedule whose moments stay the same keeps the one it has. */
  readonly next: NextSlot;
  /** Noted in the audit log. */
  readonly actor: string;
  readonly source: ScheduleSource;
  /** The application whose code declares it, with the source `code`. */
  readonly declaredBy?: string | undefined;
  /** `create` refuses a name that is taken, `replace` one that is not; `any` takes both. */
  readonly mode: 'create' | 'replace' | 'any';
  /** Replaces that version only. */
  readonly version?: number | undefined;
  /** Only of a new schedule: starts it paused. */
  readonly paused?: boolean | undefined;
}

/** How a schedule goes on. */
export interface ResumeRequest {
  readonly name: string;
  readonly actor: string;
  /** Noted in the audit log; default null. */
  readonly reason?: string | null;
  readonly next: NextSlot;
}

/** How schedules are paused. */
export interface PauseRequest {
  readonly reason: string | null;
  readonly actor: string;
  /** At most so many; null, the default: all. */
  readonly limit?: number | null;
}

/** Columns of the table `s`. */
const OF_SCHEDULE = SCHEDULE_COLUMNS.split(', ')
  .map((column) => `s.${column}`)
  .join(', ');

const LOCK = `SELECT ${SCHEDULE_COLUMNS} FROM schedules WHERE name = $1 FOR UPDATE`;

const INSERT = `
  INSERT INTO schedules (name, source, declared_by, paused, ${DEFINED_COLUMNS}, next_slot_at, next_run_at)
  SELECT $2, $3, $4, $5::boolean, ${DEFINED_VALUES}, d.next_slot_at, d.next_run_at FROM ${DEFINITION}
  ON CONFLICT (name) DO NOTHING
  RETURNING ${SCHEDULE_COLUMNS}`;

/** A slot that is due just now is not lost because somebody changes the payload. */
const REPLACE = `
  UPDATE schedules s SET ${SET_DEFINITION}, source = $3, declared_by = $4, orphaned_at = NULL, version = s.version + 1, updated_at = now(),
    next_slot_at = CASE WHEN ${TIMED_DIFFERS} THEN d.next_slot_at ELSE s.next_slot_at END,
    next_run_at = CASE WHEN ${TIMED_DIFFERS} THEN d.next_run_at ELSE s.next_run_at END
  FROM ${DEFINITION}
  WHERE s.name = $2 AND (${DIFFERS} OR s.source <> $3 OR s.declared_by IS DISTINCT FROM $4 OR s.orphaned_at IS NOT NULL)
  RETURNING ${OF_SCHEDULE}`;

const KEEP_VERSION = `
  INSERT INTO schedule_versions (schedule_id, version, name, actor, action, definition)
  SELECT s.id, s.version + $4::integer, s.name, $2, $3, ${DEFINITION_OF_ROW} FROM schedules s WHERE s.name = $1`;

const AUDIT = `INSERT INTO audit_log (actor, action, schedule, detail) VALUES ($1, $2, $3, $4::jsonb)`;

const NOTIFY = `SELECT pg_notify('${SCHEDULES_CHANNEL}', '')`;

const DELETE = `DELETE FROM schedules WHERE name = $1`;

/** Slots that wait go with their schedule. */
const DROP_WAITING = `
  UPDATE schedule_slots SET outcome = 'skipped', reason = 'the schedule was deleted'
  WHERE schedule_id = $1 AND outcome = 'waiting'`;

/** Locks are taken in one order, so that two operators at once wait for each other and no more. */
const PAUSE = (conditions: string): string => `
  WITH chosen AS (
    SELECT s.id FROM schedules s WHERE NOT s.paused AND ${conditions} ORDER BY s.id LIMIT $3::integer FOR UPDATE
  ), paused AS (
    UPDATE schedules s SET paused = true, pause_reason = $1, updated_at = now() FROM chosen c WHERE s.id = c.id
    RETURNING ${OF_SCHEDULE}
  ), noted AS (
    INSERT INTO audit_log (actor, action, schedule, detail)
    SELECT $2, 'pause_schedule', name, jsonb_build_object('reason', $1::text) FROM paused
  )
  SELECT * FROM paused ORDER BY name`;

/** What passed while it was paused is not made up for. */
const RESUME = `
  UPDATE schedules SET paused = false, pause_reason = NULL, next_slot_at = $2, next_run_at = $3, updated_at = now()
  WHERE name = $1 AND paused RETURNING ${SCHEDULE_COLUMNS}`;

/** See `ScheduleRepository.put`. */
export async function putSchedule(db: Database, request: PutRequest, manager: EntityManager): Promise<SchedulePut> {
  const { name, mode, version } = request;
  // Somebody else may create it, or delete it, between the look and the write.
  for (let tries = 0; tries < PUT_TRIES; tries += 1) {
    const [raw] = await db.query(LOCK, [name], manager);
    if (raw) return replaceLocked(db, readSchedule(raw), request, manager);
    if (mode === 'replace' || version !== undefined) return { kind: 'missing' };
    const created = await insertSchedule(db, request, manager);
    if (created) return { kind: 'created', schedule: created };
  }
  return { kind: 'name_taken' };
}

const PUT_TRIES = 3;

/** See `ScheduleRepository.remove`. */
export async function removeSchedule(
  db: Database,
  { name, actor, version }: { readonly name: string; readonly actor: string; readonly version?: number | undefined },
  manager: EntityManager,
): Promise<'removed' | 'missing' | { readonly version: number }> {
  const [raw] = await db.query(LOCK, [name], manager);
  if (!raw) return 'missing';
  const current = readSchedule(raw);
  if (version !== undefined && version !== current.version) return { version: current.version };

  await db.query(KEEP_VERSION, [name, actor, 'delete', 1], manager);
  await db.query(DELETE, [name], manager);
  await db.query(DROP_WAITING, [current.id], manager);
  await db.query(AUDIT, [actor, 'delete_schedule', name, JSON.stringify({ version: current.version })], manager);
  return 'removed';
}

/** See `ScheduleRepository.pause`. */
export async function pauseSchedules(
  db: Database,
  which: { readonly name: string } | ScheduleFilter,
  { reason, actor, limit = null }: PauseRequest,
  manager?: EntityManager,
): Promise<ScheduleRow[]> {
  const fixed = [reason, actor, limit];
  const { conditions, parameters } =
    'name' in which
      ? { conditions: ['s.name = $4'], parameters: [which.name] }
      : scheduleFilterSql(which, fixed.length);
  const rows = await db.query(PAUSE(['true', ...conditions].join(' AND ')), [...fixed, ...parameters], manager);
  return rows.map(readSchedule);
}

/** See `ScheduleRepository.resume`. */
export async function resumeSchedule(
  db: Database,
  { name, actor, reason = null, next }: ResumeRequest,
  manager: EntityManager,
): Promise<ScheduleRow | null> {
  const [raw] = await db.query(RESUME, [name, next?.slotAt ?? null, next?.runAt ?? null], manager);
  if (!raw) return null;
  await db.query(AUDIT, [actor, 'resume_schedule', name, JSON.stringify({ reason })], manager);
  await db.query(NOTIFY, [], manager);
  return readSchedule(raw);
}

/** Notes what somebody did to a schedule without changing it. */
export async function auditSchedule(
  db: Database,
  { actor, action, name, detail }: { actor: string; action: string; name: string; detail: object },
  manager?: EntityManager,
): Promise<void> {
  await db.query(AUDIT, [actor, action, name, JSON.stringify(detail)], manager);
}

async function insertSchedule(db: Database, request: PutRequest, manager: EntityManager): Promise<ScheduleRow | null> {
  const { name, source, declaredBy = null, actor, paused = false } = request;
  const [raw] = await db.query(INSERT, [jsonOf(request), name, source, declaredBy, paused], manager);
  return raw ? noted(db, raw, { actor, action: 'create' }, manager) : null;
}

async function replaceLocked(
  db: Database,
  current: ScheduleRow,
  request: PutRequest,
  manager: EntityManager,
): Promise<SchedulePut> {
  const { name, source, declaredBy = null, actor, mode, version } = request;
  if (mode === 'create') return { kind: 'name_taken' };
  if (isKeptByAnother(current, request)) {
    return { kind: 'other_source', source: current.source, declaredBy: current.declaredBy };
  }
  if (version !== undefined && version !== current.version)
    return { kind: 'version_mismatch', version: current.version };
  const [raw] = await db.query(REPLACE, [jsonOf(request), name, source, declaredBy], manager);
  if (!raw) return { kind: 'unchanged', schedule: current };
  return { kind: 'replaced', schedule: await noted(db, raw, { actor, action: 'replace' }, manager) };
}

/** What code declares no more is anybody's. */
function isKeptByAnother({ source, declaredBy, orphanedAt }: ScheduleRow, request: PutRequest): boolean {
  if (orphanedAt !== null) return false;
  return source !== request.source || (declaredBy !== null && declaredBy !== request.declaredBy);
}

async function noted(
  db: Database,
  raw: RawRow,
  { actor, action }: { readonly actor: string; readonly action: 'create' | 'replace' },
  manager: EntityManager,
): Promise<ScheduleRow> {
  const schedule = readSchedule(raw);
  const { name, version } = schedule;
  await db.query(KEEP_VERSION, [name, actor, action, 0], manager);
  await db.query(AUDIT, [actor, `${action}_schedule`, name, JSON.stringify({ version })], manager);
  await db.query(NOTIFY, [], manager);
  return schedule;
}

const jsonOf = ({ definition, next }: PutRequest): string =>
  definitionJson(definition, { nextSlotAt: next?.slotAt ?? null, nextRunAt: next?.runAt ?? null });
