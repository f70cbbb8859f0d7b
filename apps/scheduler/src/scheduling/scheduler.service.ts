import { InvalidDuration, MAX_DURATION_MS, parseDuration, type Duration } from '@millrace/contracts';
import { Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { InvalidScheduleName, ScheduleNameTaken } from './scheduler-errors';
import { SchedulerMetrics } from './scheduler-metrics';
import { TaskSchedules, type ScheduledSubmission } from './task-schedules';
import { TimedJob, type Fire, type JobStats, type TimedJobParts } from './timed-job';
import { intervalTiming, specTiming } from './timing';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Default bound of `stop`. */
const STOP_TIMEOUT_MS = 25_000;

interface Entry {
  readonly job: TimedJob;
  /** Null: functions leave no record of their own. */
  readonly lastFiredAt: (() => Promise<Date | null>) | null;
}

/**
 * Runs things over time. Specs are those of `parseCron` (five or six fields, `@hourly` and its kind) and `@every 1h30m`,
 * in UTC.
 *
 * - `addFunc` and `addInterval` run a function in each replica; `addJob` submits one task a slot, however many replicas
 *   run. Names are unique among all of them.
 * - May be added to before and after `start`.
 * - Its timers stand in Nest's `SchedulerRegistry` as timeouts, under the names of the jobs.
 */
@Injectable()
export class SchedulerService {
  private readonly logger = new Logger('Scheduler');
  private readonly entries = new Map<string, Entry>();
  private state: 'new' | 'started' | 'stopped' = 'new';

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly tasks: TaskSchedules,
    private readonly metrics: SchedulerMetrics,
  ) {}

  /**
   * Runs a function at the moments of a spec, in each replica. A moment that comes while the last run is still going is
   * skipped and counted.
   * Throws `InvalidSchedule`, `ScheduleNameTaken`, `InvalidScheduleName`.
   */
  addFunc(spec: string, name: string, fn: (fire: Fire) => unknown): void {
    this.add({ name, kind: 'func', timing: specTiming(spec), run: fn }, null);
  }

  /**
   * Runs a function every so often from now on, in each replica; the first time after one interval.
   * Throws `InvalidDuration` (the least is 1 ms), `ScheduleNameTaken`, `InvalidScheduleName`.
   */
  addInterval(interval: Duration, name: string, fn: (fire: Fire) => unknown): void {
    const intervalMs = parseDuration(interval);
    if (intervalMs < 1 || intervalMs > MAX_DURATION_MS) throw new InvalidDuration(interval);
    const text = typeof interval === 'number' ? `${interval}ms` : interval;
    this.add({ name, kind: 'interval', timing: intervalTiming(text, intervalMs, new Date()), run: fn }, null);
  }

  /**
   * Submits a task at each moment of a spec: one task a slot among all replicas. `submission` may be a function of the
   * slot. `type` is what it submits, for the record, when it is one.
   * Throws `InvalidSchedule`, `ScheduleNameTaken`, `InvalidScheduleName`.
   */
  addJob(spec: string, name: string, submission: ScheduledSubmission, type = typeOf(submission)): void {
    // A payload that is made for each slot is not known here.
    const payload = typeof submission === 'function' ? null : submission.payload;
    const schedule = { name, spec, type, payload };
    this.add(
      {
        name,
        kind: 'task',
        timing: specTiming(spec),
        run: (fire) => this.tasks.fire(schedule, submission, fire),
      },
      () => this.tasks.lastSlot(schedule),
    );
  }

  /** Starts the clock. A slot of an `addJob` that passed less than a minute ago, unfired by any replica, fires at once. */
  async start(): Promise<void> {
    if (this.state !== 'new') return;
    this.state = 'started';
    await Promise.all([...this.entries.values()].map((entry) => this.startEntry(entry)));
    this.logger.log('The scheduler started', { jobs: this.entries.size });
  }

  /** Fires nothing more and waits for the functions under way, at most `timeoutMs`; their signals abort. */
  async stop(timeoutMs = STOP_TIMEOUT_MS): Promise<void> {
    this.state = 'stopped';
    const ends = await Promise.all(
      [...this.entries].map(async ([name, { job }]) => ({ name, ended: await job.stop(timeoutMs) })),
    );
    const unfinished = ends.filter(({ ended }) => !ended).map(({ name }) => name);
    if (unfinished.length > 0) this.logger.warn('Schedules were still running at the stop', { jobs: unfinished });
  }

  /** How each job has been doing in this process, by name. */
  stats(): JobStats[] {
    return [...this.entries.values()]
      .map(({ job }) => job.stats())
      .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  }

  private add(parts: Omit<TimedJobParts, 'registry' | 'metrics'>, lastFiredAt: Entry['lastFiredAt']): void {
    if (!NAME.test(parts.name)) throw new InvalidScheduleName(parts.name);
    if (this.entries.has(parts.name)) throw new ScheduleNameTaken(parts.name);
    const job = new TimedJob({ ...parts, registry: this.registry, metrics: this.metrics });
    const entry = { job, lastFiredAt };
    this.entries.set(parts.name, entry);
    if (this.state === 'started') void this.startEntry(entry);
  }

  private async startEntry({ job, lastFiredAt }: Entry): Promise<void> {
    const last = lastFiredAt === null ? null : await lastFiredAt();
    if (this.state === 'started') job.start(last);
  }
}

const typeOf = (submission: ScheduledSubmission) => (typeof submission === 'function' ? '' : submission.type);
