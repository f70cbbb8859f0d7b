import type { FinalStatus } from '@millrace/contracts';
import type { EntityManager } from 'typeorm';
import type { Database } from './database';
import {
  advanceSchedules,
  lockDue,
  lockSchedule,
  nextRun,
  recentOutcomesOf,
  underWayOf,
  type LockedSchedules,
  type NextRun,
} from './due-schedules';
import {
  auditSchedule,
  pauseSchedules,
  putSchedule,
  removeSchedule,
  resumeSchedule,
  type PauseRequest,
  type PutRequest,
  type ResumeRequest,
} from './schedule-changes';
import { resumeMany, type ScheduleResume } from './schedule-bulk';
import { auditOf, versionsOf, type NamedAudit, type NamedVersion, type VersionPlace } from './schedule-history';
import { declareSchedules, markOrphaned } from './schedule-states';
import { findSchedule, findSchedules, listSchedules, namesBeyond, runsOf } from './schedule-queries';
import type {
  Firing,
  NewSlot,
  RunsRequest,
  ScheduleAdvance,
  ScheduleFilter,
  SchedulePage,
  SchedulePageRequest,
  SchedulePut,
  ScheduleRow,
  ScheduleRun,
  ScheduleUnderWay,
} from './schedule-row';
import {
  decidedSlots,
  insertSlots,
  lockReleasable,
  skipWaiting,
  takeWaiting,
  tasksToCancel,
  type ReleasableSlot,
  type SlotKeys,
} from './schedule-slots';
import { watchedSchedules, type WatchedSchedule } from './watched-schedules';

const NOW = `SELECT now() AS now`;

/**
 * Schedules, their versions, and what became of their slots.
 *
 * - A change of a rule raises `version` and is kept in `schedule_versions`; every change is noted in the audit log.
 * - Whoever decides about slots holds the lock of their schedule, and inserts tasks, slots and where to go on in one
 *   transaction.
 */
export class ScheduleRepository {
  constructor(private readonly db: Database) {}

  /** Runs `work` in one transaction, again when it lost a race: it must do nothing outside of it. */
  transaction<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.db.transaction(work);
  }

  /** The database's clock, which decides what is due. */
  async now(manager?: EntityManager): Promise<Date> {
    const [row] = await this.db.query<{ now: Date }>(NOW, [], manager);
    return row?.now ?? new Date();
  }

  /**
   * Creates a schedule, or makes the one of this name equal to the definition; one that is equal keeps its version. Runs in
   * the caller's transaction when there is one.
   */
  put(request: PutRequest, manager?: EntityManager): Promise<SchedulePut> {
    if (manager) return putSchedule(this.db, request, manager);
    return this.db.transaction((own) => putSchedule(this.db, request, own));
  }

  /** Deletes a schedule (`version`: only that one); its slots and tasks stay. Answers `{version}` when it has another. */
  remove(
    request: { readonly name: string; readonly actor: string; readonly version?: number | undefined },
    manager?: EntityManager,
  ): Promise<'removed' | 'missing' | { readonly version: number }> {
    if (manager) return removeSchedule(this.db, request, manager);
    return this.db.transaction((own) => removeSchedule(this.db, request, own));
  }

  /** Pauses a schedule, or those of a filter, as far as they are not paused; answers those it paused. */
  pause(
    which: { readonly name: string } | ScheduleFilter,
    how: PauseRequest,
    manager?: EntityManager,
  ): Promise<ScheduleRow[]> {
    return pauseSchedules(this.db, which, how, manager);
  }

  /** Lets a paused schedule go on with the given slot; null when it is not paused or not there. */
  resume(request: ResumeRequest, manager?: EntityManager): Promise<ScheduleRow | null> {
    if (manager) return resumeSchedule(this.db, request, manager);
    return this.db.transaction((own) => resumeSchedule(this.db, request, own));
  }

  /** Lets paused schedules go on; answers the names of those that still were paused, at the version that was meant. */
  resumeMany(
    resumes: readonly ScheduleResume[],
    why: { readonly reason: string | null; readonly actor: string },
  ): Promise<string[]> {
    return resumeMany(this.db, resumes, why);
  }

  /** Notes what somebody did to a schedule without changing it, such as a run now. */
  audit(
    entry: { readonly actor: string; readonly action: string; readonly name: string; readonly detail: object },
    manager?: EntityManager,
  ): Promise<void> {
    return auditSchedule(this.db, entry, manager);
  }

  findByName(name: string): Promise<ScheduleRow | null> {
    return findSchedule(this.db, name);
  }

  /** Those that exist, by name. */
  findByNames(names: readonly string[]): Promise<ScheduleRow[]> {
    return findSchedules(this.db, names);
  }

  /** Names of schedules of the api that begin so and are not among these, by name, at most `limit`. */
  namesBeyond(names: readonly string[], which: { readonly prefix: string; readonly limit: number }): Promise<string[]> {
    return namesBeyond(this.db, names, which);
  }

  /** A page of schedules by name; `cursor` continues after another page. */
  list(filter: ScheduleFilter, page: SchedulePageRequest): Promise<SchedulePage> {
    return listSchedules(this.db, filter, page);
  }

  /** Slots of a schedule, latest first, with their tasks. */
  runs(scheduleId: number, request: RunsRequest): Promise<ScheduleRun[]> {
    return runsOf(this.db, scheduleId, request);
  }

  /** Versions of all schedules that have had this name, newest first; deleted ones included. */
  versions(
    name: string,
    page: { readonly after?: VersionPlace | undefined; readonly limit: number },
  ): Promise<NamedVersion[]> {
    return versionsOf(this.db, name, page);
  }

  /** What was done to schedules of this name, newest first; `after` is the id of the entry before. */
  auditOf(name: string, page: { readonly after?: number | undefined; readonly limit: number }): Promise<NamedAudit[]> {
    return auditOf(this.db, name, page);
  }

  /**
   * Locks schedules that are due and that nobody else has locked, the longest due first. Of schedules that code keeps only
   * the `declared` ones of the application: other processes may run other code.
   */
  lockDue(
    request: { readonly firing: Firing; readonly limit: number },
    manager: EntityManager,
  ): Promise<LockedSchedules> {
    return lockDue(this.db, request, manager);
  }

  /** Locks one schedule, waiting for whoever has it; none when there is none of that name. */
  lock(name: string, manager: EntityManager): Promise<LockedSchedules> {
    return lockSchedule(this.db, name, manager);
  }

  /** When the next schedule is due that such a process may fire; null: none will be. */
  nextRun(firing: Firing): Promise<NextRun | null> {
    return nextRun(this.db, firing);
  }

  /** Where schedules stand, `limit` of them: those named `first`, then the oldest. */
  watched(request: { readonly first: readonly string[]; readonly limit: number }): Promise<readonly WatchedSchedule[]> {
    return watchedSchedules(this.db, request);
  }

  /** Unfinished tasks and waiting slots of locked schedules. */
  underWay(ids: readonly number[], manager: EntityManager): Promise<Map<number, ScheduleUnderWay>> {
    return underWayOf(this.db, ids, manager);
  }

  /**
   * How the last ended tasks of each schedule ended, newest first: `count` of them when there are as many among the slots
   * decided about since then.
   */
  recentOutcomes(
    wanted: readonly { readonly id: number; readonly count: number; readonly since: Date }[],
    manager: EntityManager,
  ): Promise<Map<number, readonly FinalStatus[]>> {
    return recentOutcomesOf(this.db, wanted, manager);
  }

  /** Records slots; answers the keys (`slotKey`) of those that nobody had recorded before. */
  insertSlots(slots: readonly NewSlot[], manager: EntityManager): Promise<SlotKeys> {
    return insertSlots(this.db, slots, manager);
  }

  /** Gives up the waiting slots of schedules, for later ones. */
  skipWaiting(ids: readonly number[], manager: EntityManager): Promise<void> {
    return skipWaiting(this.db, ids, manager);
  }

  /** Locks schedules of which nothing is unfinished while slots wait; answers the first slot of each. */
  lockReleasable(
    request: { readonly firing: Firing; readonly limit: number },
    manager: EntityManager,
  ): Promise<ReleasableSlot[]> {
    return lockReleasable(this.db, request, manager);
  }

  /** Ends the wait of slots; answers the keys of those that still waited. */
  takeWaiting(
    slots: readonly Pick<NewSlot, 'scheduleId' | 'slotAt' | 'outcome' | 'taskId' | 'reason'>[],
    manager: EntityManager,
  ): Promise<SlotKeys> {
    return takeWaiting(this.db, slots, manager);
  }

  /** Which of these slots somebody has decided about, as epoch ms. */
  decidedSlots(scheduleId: number, slots: readonly Date[], manager?: EntityManager): Promise<Set<number>> {
    return decidedSlots(this.db, { scheduleId, slots }, manager);
  }

  /** Unfinished tasks in the way of waiting slots whose schedules cancel what runs. */
  tasksToCancel(limit: number): Promise<{ readonly taskId: string; readonly schedule: string }[]> {
    return tasksToCancel(this.db, limit);
  }

  /** Moves locked schedules on. */
  advance(advances: readonly ScheduleAdvance[], manager: EntityManager): Promise<void> {
    return advanceSchedules(this.db, advances, manager);
  }

  /** Notes that a running process of an application declares these schedules; answers those that are the application's. */
  declare(application: string, names: readonly string[]): Promise<ScheduleRow[]> {
    return declareSchedules(this.db, application, names);
  }

  /** Marks schedules of code as orphaned that nobody has declared for so long; answers their names. */
  markOrphaned(silentMs: number): Promise<string[]> {
    return markOrphaned(this.db, silentMs);
  }
}
