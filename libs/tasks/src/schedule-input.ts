import {
  checkDuration,
  checkFreeType,
  checkPayload,
  checkPayloadSize,
  checkTaskOptions,
  FUNCTION_TYPE_PREFIX,
  MISFIRE_POLICIES,
  OVERLAP_POLICIES,
  parseDuration,
  RESERVED_SCHEDULE_NAMES,
  SCHEDULE_NAME_PATTERN,
  type Duration,
  type Json,
  type MisfirePolicy,
  type OverlapPolicy,
} from '@millrace/contracts';
import {
  checkPayloadTemplate,
  dueAtOf,
  InvalidSchedule,
  nextSlot,
  parseSpec,
  type ScheduleFault,
  type ScheduleSpec,
  type SpecInput,
} from '@millrace/schedules';
import type { NextSlot, ScheduleDefinition, ScheduleSource, ScheduleTiming } from '@millrace/store';
import { backoffOf, optionalMs } from './draft-task';
import type { SubmitOptions } from './submission';
import type { TaskPolicy } from './task-policy';

/** What the task of every slot is submitted with. */
export type SlotOptions = Pick<
  SubmitOptions,
  'queue' | 'priority' | 'userId' | 'maxRetry' | 'retryDelay' | 'backoff' | 'timeout'
>;

/** What a schedule does about slots that cannot simply be fired, beyond when they are. */
export interface SchedulePolicies extends Pick<SpecInput, 'phase' | 'timezone' | 'exclude' | 'startsAt' | 'endsAt'> {
  /** Slots that come up more than a minute late. Default `once`. */
  readonly misfire?: MisfirePolicy;
  /** How late a slot may be and still be made up for. Default `1d`. */
  readonly misfireWindow?: Duration;
  /** Late slots that `all` fires at once, 1 to 500. Default 100. */
  readonly misfireLimit?: number;
  /** Slots that come due while a task of the schedule is unfinished. Default `allow`. */
  readonly overlap?: OverlapPolicy;
  /** Spreads the start over this long after the slot; the same for one slot always. At most `1d`. Default 0. */
  readonly jitter?: Duration;
  /** Ends the schedule after so many slots. */
  readonly maxRuns?: number;
  /** Pauses it when so many runs in a row failed, 1 to 100. Default: never. */
  readonly pauseAfterFailures?: number;
}

/** A schedule as somebody writes it; see the REST interface for what the fields mean. */
export interface ScheduleInput extends SpecInput, SchedulePolicies, SlotOptions {
  readonly type: string;
  /** May name the slot: `{{slot.at}}` and its kind, see `fillPayload`. */
  readonly payload: Json;
}

const DAY_MS = 86_400_000;
const MAX_MISFIRE_LIMIT = 500;
const MAX_FAILURES = 100;

/**
 * Checks a schedule and applies every default.
 * Throws `InvalidSchedule` with every fault, named as in REST. Only schedules of code may be those of functions.
 */
export function draftSchedule(
  name: string,
  input: ScheduleInput,
  policy: TaskPolicy,
  source: ScheduleSource,
): ScheduleDefinition {
  const faults = [
    ...checkName(name),
    ...(source === 'code' && input.type === FUNCTION_TYPE_PREFIX + name ? [] : checkFreeType(input.type)),
    ...checkTaskOptions(input.type, input),
    ...checkPolicies(input),
    ...checkPayloadOf(input.payload, policy),
    ...specFaults(input),
  ];
  if (faults.length > 0) throw new InvalidSchedule(faults);
  return definitionOf(input);
}

/** When a stored schedule fires. */
export function specOf(timing: ScheduleTiming): ScheduleSpec {
  const { cron, everyMs, phaseMs, at, timezone, exclude, startsAt, endsAt } = timing;
  return parseSpec({
    timezone,
    exclude,
    ...(cron && { cron }),
    ...(everyMs !== null && { every: everyMs, phase: phaseMs }),
    ...(at && { at }),
    ...(startsAt && { startsAt }),
    ...(endsAt && { endsAt }),
  });
}

/** The first slot of a schedule after an instant, and when it fires. */
export function nextSlotOf(name: string, timing: ScheduleTiming, after: Date): NextSlot {
  const slotAt = nextSlot(specOf(timing), after);
  return slotAt && { slotAt, runAt: dueAtOf(name, slotAt, timing.jitterMs) };
}

function checkName(name: string): ScheduleFault[] {
  if (!SCHEDULE_NAME_PATTERN.test(name)) {
    return [{ field: 'name', message: `must match ${SCHEDULE_NAME_PATTERN.source}` }];
  }
  const reserved = RESERVED_SCHEDULE_NAMES.includes(name);
  return reserved ? [{ field: 'name', message: `must not be the reserved name ${name}` }] : [];
}

function checkPayloadOf(payload: Json, policy: TaskPolicy): ScheduleFault[] {
  const faults = checkPayload(payload);
  if (faults.length > 0) return faults;
  return [...checkPayloadSize(JSON.stringify(payload), policy.maxPayloadBytes), ...checkPayloadTemplate(payload)];
}

function checkPolicies(input: ScheduleInput): ScheduleFault[] {
  return [
    ...checkWord('misfire', input.misfire, MISFIRE_POLICIES),
    ...checkDuration('misfire_window', input.misfireWindow),
    ...checkCount('misfire_limit', input.misfireLimit, MAX_MISFIRE_LIMIT),
    ...checkWord('overlap', input.overlap, OVERLAP_POLICIES),
    ...checkJitter(input.jitter),
    ...checkCount('max_runs', input.maxRuns, 2 ** 31 - 1),
    ...checkCount('pause_after_failures', input.pauseAfterFailures, MAX_FAILURES),
  ];
}

function checkJitter(jitter: Duration | undefined): ScheduleFault[] {
  const faults = checkDuration('jitter', jitter);
  if (faults.length > 0 || jitter === undefined) return faults;
  return parseDuration(jitter) <= DAY_MS ? [] : [{ field: 'jitter', message: 'must be at most 1d' }];
}

function checkWord(field: string, word: string | undefined, words: readonly string[]): ScheduleFault[] {
  return word === undefined || words.includes(word) ? [] : [{ field, message: `must be one of ${words.join(', ')}` }];
}

function checkCount(field: string, count: number | undefined, max: number): ScheduleFault[] {
  if (count === undefined || (Number.isInteger(count) && count >= 1 && count <= max)) return [];
  return [{ field, message: `must be a whole number from 1 to ${max}` }];
}

function specFaults(input: ScheduleInput): readonly ScheduleFault[] {
  try {
    parseSpec(input);
    return [];
  } catch (error) {
    if (error instanceof InvalidSchedule) return error.errors;
    throw error;
  }
}

function definitionOf(input: ScheduleInput): ScheduleDefinition {
  return {
    type: input.type,
    payload: input.payload,
    queue: input.queue ?? null,
    priority: input.priority ?? 0,
    userId: input.userId ?? null,
    maxRetry: input.maxRetry ?? null,
    retryDelayMs: optionalMs(input.retryDelay),
    backoff: backoffOf(input.backoff),
    timeoutMs: optionalMs(input.timeout),
    cron: input.cron === undefined ? null : [input.cron].flat(),
    everyMs: optionalMs(input.every),
    phaseMs: optionalMs(input.phase) ?? 0,
    at: input.at ?? null,
    timezone: input.timezone ?? 'UTC',
    exclude: input.exclude ?? [],
    startsAt: input.startsAt ?? null,
    endsAt: input.endsAt ?? null,
    maxRuns: input.maxRuns ?? null,
    jitterMs: optionalMs(input.jitter) ?? 0,
    misfire: input.misfire ?? 'once',
    misfireWindowMs: optionalMs(input.misfireWindow) ?? DAY_MS,
    misfireLimit: input.misfireLimit ?? 100,
    overlap: input.overlap ?? 'allow',
    pauseAfterFailures: input.pauseAfterFailures ?? null,
  };
}
