import { within, type Json } from '@millrace/contracts';
import { fillPayload, findTimeZone } from '@millrace/schedules';
import type { Firing, ScheduleRow, StartedTask } from '@millrace/store';
import { describeError } from './describe-error';
import { draftRun, draftTask, type Draft } from './draft-task';
import type { SlotOptions } from './schedule-input';
import type { TaskPolicy } from './task-policy';

/** What a slot submits. */
export interface SlotSubmission {
  readonly type: string;
  readonly payload: Json;
  readonly options?: SlotOptions;
  /** Runs the task in this process, which holds it from the slot's transaction on. Default: it waits in its queue. */
  readonly runner?: SlotRunner;
}

/** What runs the tasks of slots in the process that fires them, as a worker of its own. */
export interface SlotRunner {
  /** Stands in the rows as the worker that holds them. */
  readonly workerId: string;
  /** Called once the slot has committed; `askedAtMs` is monotonic, from before. Must not throw. */
  begin(task: StartedTask, askedAtMs: number): void;
}

/** Makes what a slot submits, in code; it has two seconds, because its schedule and others are locked meanwhile. */
export type SlotMaker = (slotAt: Date) => SlotSubmission | Promise<SlotSubmission>;

/** Which schedules this process fires, and what the slots submit of those that it declares. */
export interface DeclaredSlots extends Omit<Firing, 'declared'> {
  readonly makers: SlotMakers;
}

/** By the names of schedules that this process declares; null: the definition says what they submit. */
export type SlotMakers = ReadonlyMap<string, SlotMaker | null>;

/** The task of a slot, or why there is none. */
export type SlotTask = { readonly draft: Draft; readonly runner: SlotRunner | null } | { readonly refusal: string };

const MAKER_MS = 2_000;

/** Makes the task of a slot: by the code that declares the schedule, else from its definition. Never throws. */
export async function taskOfSlot(
  schedule: ScheduleRow,
  slotAt: Date,
  { makers, policy }: { readonly makers: SlotMakers; readonly policy: TaskPolicy },
): Promise<SlotTask> {
  try {
    const maker = schedule.source === 'code' ? makers.get(schedule.name) : null;
    const made = maker ? await within(MAKER_MS, Promise.resolve(maker(slotAt))) : null;
    const { type, payload, options, runner = null } = made ?? submissionOf(schedule, slotAt);
    const submission = {
      type,
      payload,
      options: { ...optionsOf(schedule), ...options, scheduleId: schedule.id, slotAt },
    };
    return { draft: runner ? draftRun(submission, policy) : draftTask(submission, policy), runner };
  } catch (error) {
    return { refusal: describeError(error) };
  }
}

function submissionOf({ name, type, payload, timezone }: ScheduleRow, slotAt: Date): SlotSubmission {
  const zone = findTimeZone(timezone);
  if (!zone) throw new Error(`The time zone ${timezone} is not known here`);
  return { type, payload: fillPayload(payload, { scheduleName: name, slotAt, zone }) };
}

function optionsOf(schedule: ScheduleRow): SlotOptions {
  const { queue, priority, userId, maxRetry, retryDelayMs, backoff, timeoutMs } = schedule;
  return {
    priority,
    ...(queue !== null && { queue }),
    ...(userId !== null && { userId }),
    ...(maxRetry !== null && { maxRetry }),
    ...(retryDelayMs !== null && { retryDelay: retryDelayMs }),
    ...(timeoutMs !== null && { timeout: timeoutMs }),
    ...(backoff && {
      backoff: {
        type: backoff.type,
        ...(backoff.maxMs !== undefined && { max: backoff.maxMs }),
        ...(backoff.jitter !== undefined && { jitter: backoff.jitter }),
      },
    }),
  };
}
