import { InvalidSchedule, type ScheduleFault } from '@millrace/schedules';
import {
  ScheduleRepository,
  TaskRepository,
  type EntityManager,
  type NextSlot,
  type PutRequest,
  type ScheduleFilter,
  type ScheduleResume,
  type ScheduleRow,
} from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { OperatorRuns, type BackfillRequest } from './operator-runs';
import type { RecordedSlot } from './record-slots';
import { ScheduleNameTaken, ScheduleNotFound, ScheduleStateConflict, ScheduleVersionMismatch } from './schedule-errors';
import { draftSchedule, nextSlotOf, type ScheduleInput } from './schedule-input';
import { TaskPolicy } from './task-policy';
import { TaskSubmitter } from './task-submitter';

/** Schedules that one call pauses or resumes. */
export const MAX_BULK_SCHEDULES = 10_000;

/** And in one statement; divides it, so that no call does more. */
const AT_ONCE = 500;

/** How a schedule is to be written; the rest is as in `ScheduleRepository.put`. */
export interface WriteRequest extends Pick<
  PutRequest,
  'actor' | 'mode' | 'version' | 'paused' | 'source' | 'declaredBy'
> {
  readonly name: string;
  readonly input: ScheduleInput;
}

export interface WrittenSchedule {
  readonly kind: 'created' | 'replaced' | 'unchanged';
  readonly schedule: ScheduleRow;
}

/** Who asked for a pause or a resume, and why. */
export interface Why {
  readonly reason: string | null;
  readonly actor: string;
}

/** What became of schedules that were to go on. */
export interface ResumedMany {
  readonly resumed: readonly string[];
  /** Their stored rules cannot be read, as `faults` say; they stay paused. */
  readonly refused: readonly { readonly name: string; readonly faults: readonly ScheduleFault[] }[];
}

/**
 * What a person or a deploy may do to a schedule. Every change is by the database's clock, is noted with its `actor`, and
 * reaches the schedulers at once.
 */
@Injectable()
export class ScheduleControl {
  private readonly runs: OperatorRuns;

  constructor(
    private readonly schedules: ScheduleRepository,
    tasks: TaskRepository,
    submitter: TaskSubmitter,
    private readonly policy: TaskPolicy,
  ) {
    this.runs = new OperatorRuns({ schedules, tasks, policy, makers: new Map() }, submitter);
  }

  /**
   * Creates or replaces a schedule; one that is equal already stays as it is. `paused` pauses it or lets it go on with that; left
   * out, it stays as it is. All in one transaction, with `manager` the caller's.
   * Throws `InvalidSchedule`, `ScheduleNameTaken`, `ScheduleNotFound`, `ScheduleVersionMismatch`, and
   * `ScheduleStateConflict` for one that the other source (`api` or `code`) or another application keeps.
   */
  async put(request: WriteRequest, manager?: EntityManager): Promise<WrittenSchedule> {
    if (!manager) return this.schedules.transaction((own) => this.putWithin(request, own));
    return this.putWithin(request, manager);
  }

  /** Deletes a schedule; its tasks stay. Throws `ScheduleNotFound`, `ScheduleVersionMismatch`. */
  async remove(
    request: { readonly name: string; readonly actor: string; readonly version?: number | undefined },
    manager?: EntityManager,
  ): Promise<void> {
    const { name, version = 0 } = request;
    const result = await this.schedules.remove(request, manager);
    if (result === 'missing') throw new ScheduleNotFound(name);
    if (result !== 'removed') throw new ScheduleVersionMismatch(name, version, result.version);
  }

  /** Pauses one schedule; a paused one stays as it is. Throws `ScheduleNotFound`. */
  async pause(name: string, why: Why): Promise<ScheduleRow> {
    const [paused] = await this.schedules.pause({ name }, why);
    return paused ?? this.find(name);
  }

  /** Pauses schedules of a filter, `MAX_BULK_SCHEDULES` at most; answers the names of those that were not paused before. */
  async pauseMany(filter: ScheduleFilter, why: Why): Promise<string[]> {
    const paused: string[] = [];
    for (let last = AT_ONCE; last === AT_ONCE && paused.length < MAX_BULK_SCHEDULES;) {
      const rows = await this.schedules.pause(filter, { ...why, limit: AT_ONCE });
      paused.push(...rows.map(({ name }) => name));
      last = rows.length;
    }
    return paused;
  }

  /**
   * Lets a paused schedule go on with its next slot from now; what passed is not made up for.
   * Throws `ScheduleNotFound`, `InvalidSchedule` when its stored rule cannot be read.
   */
  async resume(name: string, why: Why): Promise<ScheduleRow> {
    const next = resumeSlotOf(await this.find(name), await this.schedules.now());
    return (await this.schedules.resume({ name, ...why, next })) ?? this.find(name);
  }

  /** Lets paused schedules of a filter go on, `MAX_BULK_SCHEDULES` at most; one that cannot be read is in nobody's way. */
  async resumeMany(filter: ScheduleFilter, why: Why): Promise<ResumedMany> {
    const resumed: string[] = [];
    const refused: ResumedMany['refused'][number][] = [];
    const isFull = () => resumed.length + refused.length >= MAX_BULK_SCHEDULES;
    for (let cursor: string | null | undefined; cursor !== null && !isFull();) {
      const page = await this.schedules.list({ ...filter, paused: true }, { pageSize: AT_ONCE, cursor });
      const now = await this.schedules.now();
      const resumes: ScheduleResume[] = [];
      for (const schedule of page.items) {
        const { name, version } = schedule;
        const next = readResumeSlot(schedule, now);
        if (next instanceof InvalidSchedule) refused.push({ name, faults: next.errors });
        else resumes.push({ name, version, next });
      }
      resumed.push(...(await this.schedules.resumeMany(resumes, why)));
      cursor = page.nextCursor;
    }
    return { resumed, refused };
  }

  /**
   * Runs a schedule now, paused or not, under its overlap policy; the slot is this moment. A schedule that code declares is
   * left `waiting` for the next scheduler that has the code.
   * Throws `ScheduleNotFound`, `StoreUnavailable`.
   */
  async trigger(name: string, actor: string): Promise<RecordedSlot> {
    return this.runs.trigger(name, actor);
  }

  /**
   * The slots that a backfill of this range would submit: those nobody has decided about.
   * Throws `ScheduleNotFound`, `InvalidSchedule` for a range that is empty, ahead of now, or holds more than 1,000 slots.
   */
  async previewBackfill(request: Omit<BackfillRequest, 'actor'>): Promise<Date[]> {
    return this.runs.previewBackfill(request);
  }

  /**
   * Submits every slot of a past range that nobody has decided about. Under a policy that allows no overlap they run one after
   * the other.
   * Throws what `previewBackfill` throws, and `StoreUnavailable`.
   */
  async backfill(request: BackfillRequest): Promise<readonly RecordedSlot[]> {
    return this.runs.backfill(request);
  }

  private async putWithin({ input, ...request }: WriteRequest, manager: EntityManager): Promise<WrittenSchedule> {
    const { name, version, source } = request;
    const definition = draftSchedule(name, input, this.policy, source);
    const next = nextSlotOf(name, definition, await this.schedules.now(manager));
    const result = await this.schedules.put({ ...request, definition, next }, manager);
    switch (result.kind) {
      case 'name_taken':
        throw new ScheduleNameTaken(name);
      case 'missing':
        throw new ScheduleNotFound(name);
      case 'other_source':
        throw new ScheduleStateConflict(name, keptBy(result));
      case 'version_mismatch':
        throw new ScheduleVersionMismatch(name, version ?? 0, result.version);
      default:
        return { ...result, schedule: await this.match(result.schedule, request, manager) };
    }
  }

  private async match(
    schedule: ScheduleRow,
    { paused = schedule.paused, actor }: Pick<WriteRequest, 'paused' | 'actor'>,
    manager: EntityManager,
  ): Promise<ScheduleRow> {
    const { name } = schedule;
    if (paused === schedule.paused) return schedule;
    if (paused) {
      const [row] = await this.schedules.pause({ name }, { reason: null, actor }, manager);
      return row ?? schedule;
    }
    const next = resumeSlotOf(schedule, await this.schedules.now(manager));
    return (await this.schedules.resume({ name, actor, next }, manager)) ?? schedule;
  }

  private async find(name: string): Promise<ScheduleRow> {
    const schedule = await this.schedules.findByName(name);
    if (!schedule) throw new ScheduleNotFound(name);
    return schedule;
  }
}

const keptBy = ({ source, declaredBy }: Pick<ScheduleRow, 'source' | 'declaredBy'>): string =>
  declaredBy === null ? `is kept by the ${source}` : `is kept by the code of ${declaredBy}`;

/** Where a paused schedule goes on: what passed is not made up for, and what has ended stays so. */
function resumeSlotOf(schedule: ScheduleRow, now: Date): NextSlot {
  const { name, maxRuns, runCount } = schedule;
  return maxRuns !== null && runCount >= maxRuns ? null : nextSlotOf(name, schedule, now);
}

function readResumeSlot(schedule: ScheduleRow, now: Date): NextSlot | InvalidSchedule {
  try {
    return resumeSlotOf(schedule, now);
  } catch (error) {
    if (error instanceof InvalidSchedule) return error;
    throw error;
  }
}
