import { ScheduleEntity } from './entities';
import { columnsOf, rowReader } from './row-reader';
import type { ScheduleDefinition } from './schedule-row';
import { jsonObject, storableJson } from './storable-text';

/** Columns of a definition and their types, in one order. */
const DEFINED = {
  type: 'text',
  payload: 'jsonb',
  queue: 'text',
  priority: 'smallint',
  user_id: 'text',
  max_retry: 'integer',
  retry_delay_ms: 'bigint',
  backoff: 'jsonb',
  timeout_ms: 'bigint',
  cron: 'text[]',
  every_ms: 'bigint',
  phase_ms: 'bigint',
  at: 'timestamptz',
  timezone: 'text',
  exclude: 'text[]',
  starts_at: 'timestamptz',
  ends_at: 'timestamptz',
  max_runs: 'integer',
  jitter_ms: 'bigint',
  misfire: 'text',
  misfire_window_ms: 'bigint',
  misfire_limit: 'integer',
  overlap: 'text',
  pause_after_failures: 'integer',
} as const;

/** A change of these decides anew which slot comes next. */
const TIMED = [
  'cron',
  'every_ms',
  'phase_ms',
  'at',
  'timezone',
  'exclude',
  'starts_at',
  'ends_at',
  'max_runs',
  'jitter_ms',
] as const;

const names = Object.keys(DEFINED);

/** JSON null is a payload; a record makes it no value at all. */
const valueOf = (name: string): string => (name === 'payload' ? `coalesce(d.payload, 'null')` : `d.${name}`);

/** Columns of `ScheduleRow`. */
export const SCHEDULE_COLUMNS = columnsOf(ScheduleEntity).join(', ');

export const readSchedule = rowReader(ScheduleEntity);

/** Columns of a definition, for INSERT. */
export const DEFINED_COLUMNS = names.join(', ');

/** The same of the record `d`. */
export const DEFINED_VALUES = names.map(valueOf).join(', ');

/** `jsonb_to_record` of the first parameter, which `definitionJson` makes, as `d`. */
export const DEFINITION = `jsonb_to_record($1::jsonb) AS d (${Object.entries(DEFINED)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ')}, next_slot_at timestamptz, next_run_at timestamptz)`;

/** Whether the definition `d` differs from the schedule `s`. */
export const DIFFERS = `ROW(${names.map((name) => `s.${name}`).join(', ')}) IS DISTINCT FROM ROW(${DEFINED_VALUES})`;

/** The same for what decides about its moments. */
export const TIMED_DIFFERS = `ROW(${TIMED.map((name) => `s.${name}`).join(', ')})
  IS DISTINCT FROM ROW(${TIMED.map((name) => `d.${name}`).join(', ')})`;

/** Sets a schedule to the definition `d`. */
export const SET_DEFINITION = names.map((name) => `${name} = ${valueOf(name)}`).join(', ');

/** A schedule's definition as it is kept in its versions. */
export const DEFINITION_OF_ROW = `jsonb_build_object(${[...names, 'paused', 'source']
  .map((name) => `'${name}', s.${name}`)
  .join(', ')})`;

/** The parameter of `DEFINITION`. */
export function definitionJson(
  definition: ScheduleDefinition,
  next: { readonly nextSlotAt: Date | null; readonly nextRunAt: Date | null },
): string {
  return jsonObject(
    {
      type: definition.type,
      queue: definition.queue,
      priority: definition.priority,
      user_id: definition.userId,
      max_retry: definition.maxRetry,
      retry_delay_ms: definition.retryDelayMs,
      backoff: definition.backoff,
      timeout_ms: definition.timeoutMs,
      cron: definition.cron,
      every_ms: definition.everyMs,
      phase_ms: definition.phaseMs,
      at: definition.at,
      timezone: definition.timezone,
      exclude: definition.exclude,
      starts_at: definition.startsAt,
      ends_at: definition.endsAt,
      max_runs: definition.maxRuns,
      jitter_ms: definition.jitterMs,
      misfire: definition.misfire,
      misfire_window_ms: definition.misfireWindowMs,
      misfire_limit: definition.misfireLimit,
      overlap: definition.overlap,
      pause_after_failures: definition.pauseAfterFailures,
      next_slot_at: next.nextSlotAt,
      next_run_at: next.nextRunAt,
    },
    { payload: storableJson(JSON.stringify(definition.payload)) },
  );
}
