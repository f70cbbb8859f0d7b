import {
  InvalidDuration,
  MAX_DURATION_MS,
  parseDuration,
  SCHEDULE_NAME_PATTERN,
  type Duration,
  type OverlapPolicy,
} from '@millrace/contracts';
import {
  ScheduleNameTaken,
  type ScheduleInput,
  type SchedulePolicies,
  type SlotMaker,
  type SlotOptions,
  type SlotSubmission,
} from '@millrace/tasks';
import { Injectable, Logger } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { DeclaredSchedules } from './declared-schedules';
import { FUNCTION_QUEUE, FunctionRuns } from './function-runs';
import { InvalidScheduleName } from './scheduler-errors';
import { SchedulerMetrics } from './scheduler-metrics';
import { TimedJob, type Fire, type JobStats, type TimedJobParts } from './timed-job';
import { intervalTiming, specTiming } from './timing';

/** Default bound of `stop`. */
const STOP_TIMEOUT_MS = 25_000;

/** What `addJob` submits at every slot: always the same, or made for the slot. */
export interface JobSubmission extends Omit<SlotSubmission, 'options'> {
  readonly options?: JobOptions;
}

/** How a function runs. */
export type FunctionOptions = ReplicaOptions | ExclusiveOptions;

/** Default: it runs at every moment in each replica. */
export interface ReplicaOptions {
  readonly exclusive?: false;
  /** Whether each run is recorded as a task; `worker_id` tells its replica. Default false. */
  readonly recorded?: boolean;
}

/**
 * One replica runs it for each slot, and never two at a time. The policies are those of its schedule, `overlap` by default
 * `skip`. `timeout` aborts its signal; the run counts as failed then, once the function has ended.
 */
export interface ExclusiveOptions extends Omit<SchedulePolicies, 'overlap'>, Pick<SlotOptions, 'timeout' | 'userId'> {
  readonly exclusive: true;
  readonly overlap?: Exclude<OverlapPolicy, 'allow'>;
}

/** What the tasks of an `addJob` are submitted with, and the policies of its schedule. */
export type JobOptions = SlotOptions & SchedulePolicies;

interface ExclusiveFunction {
  readonly name: string;
  readonly kind: 'func' | 'interval';
  readonly run: (fire: Fire) => unknown;
  readonly when: Pick<ScheduleInput, 'cron' | 'every'>;
}

/**
 * Runs things over time. Specs are those of `parseCron` (five or six fields, `@hourly` and its kind) and `@every 1h30m`,
 * in UTC.
 *
 * - `addFunc` and `addInterval` run a function in each replica, or one run a slot among all replicas when it is `exclusive`;
 *   `addJob` submits one task a slot, however many replicas run. Names are unique among all of them.
 * - May be added to before and after `start`.
 * - Its timers stand in Nest's `SchedulerRegistry` as timeouts, under the names of the jobs.
 */
@Injectable()
export class SchedulerService {
  private readonly logger = new Logger('Scheduler');
  private readonly jobs = new Map<string, TimedJob>();
  private state: 'new' | 'started' | 'stopped' = 'new';

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly declared: DeclaredSchedules,
    private readonly functions: FunctionRuns,
    private readonly metrics: SchedulerMetrics,
  ) {}

  /**
   * Runs a function at the moments of a spec, in each replica. A moment that comes while the last run is still going is
   * skipped and counted. With `exclusive` one replica of all runs it for each slot, by the clock of the database, and the run
   * is recorded as a task of the type `scheduled:<name>`, its result that of the function.
   * Throws `InvalidSchedule`, `ScheduleNameTaken`, `InvalidScheduleName`.
   */
  addFunc(spec: string, name: string, fn: (fire: Fire) => unknown, options: FunctionOptions = {}): void {
    if (options.exclusive) return this.addExclusive({ name, kind: 'func', run: fn, when: { cron: spec } }, options);
    this.add({ name, kind: 'func', timing: specTiming(spec), run: fn }, options);
  }

  /**
   * Runs a function every so often from now on, in each replica; the first time after one interval. With `exclusive` as in
   * `addFunc`, at the multiples of the interval since 1970, which is at least a second.
   * Throws `InvalidDuration` (the least is 1 ms), `InvalidSchedule`, `ScheduleNameTaken`, `InvalidScheduleName`.
   */
  addInterval(interval: Duration, name: string, fn: (fire: Fire) => unknown, options: FunctionOptions = {}): void {
    if (options.exclusive) {
      return this.addExclusive({ name, kind: 'interval', run: fn, when: { every: interval } }, options);
    }
    const intervalMs = parseDuration(interval);
    if (intervalMs < 1 || intervalMs > MAX_DURATION_MS) throw new InvalidDuration(interval);
    const text = typeof interval === 'number' ? `${interval}ms` : interval;
    this.add({ name, kind: 'interval', timing: intervalTiming(text, intervalMs, new Date()), run: fn }, options);
  }

  /**
   * Declares a schedule that submits a task at each moment of a spec: one task a slot among all replicas. `submission` may be
   * a function of the slot, which has two seconds; `declared` then says what its schedule is recorded with (default: the type
   * is the name).
   * Throws `InvalidSchedule`, `ScheduleNameTaken`, `InvalidScheduleName`.
   */
  addJob(
    spec: string | readonly string[],
    name: string,
    submission: JobSubmission | SlotMaker,
    declared: { readonly type?: string; readonly options?: JobOptions } = {},
  ): void {
    const maker = typeof submission === 'function' ? submission : null;
    const fixed = typeof submission === 'function' ? { payload: null, type: name, ...declared } : submission;
    const { type, payload, options } = fixed;
    this.declare(name, { ...options, cron: spec, type, payload }, maker);
  }

  /**
   * Declares a schedule as it is written over REST: by `cron`, `every` or `at`, its payload a template of the slot.
   * Throws `InvalidSchedule`, `ScheduleNameTaken`, `InvalidScheduleName`.
   */
  addSchedule(name: string, input: ScheduleInput): void {
    this.declare(name, input, null);
  }

  /** Starts the clock of functions. Schedules that submit tasks are fired by the duty `fire-due`. */
  start(): void {
    if (this.state !== 'new') return;
    this.state = 'started';
    for (const job of this.jobs.values()) job.start();
    const jobs = this.stats().length;
    if (jobs > 0) this.logger.log('The scheduler started', { jobs });
  }

  /** Fires nothing more and waits for the functions under way, at most `timeoutMs`; their signals abort. */
  async stop(timeoutMs = STOP_TIMEOUT_MS): Promise<void> {
    this.state = 'stopped';
    // Their next slots are for other replicas.
    for (const name of this.functions.stats().keys()) this.declared.withdraw(name);
    const [exclusive, ends] = await Promise.all([
      this.functions.stop(timeoutMs),
      Promise.all([...this.jobs].map(async ([name, job]) => ({ name, ended: await job.stop(timeoutMs) }))),
    ]);
    const unfinished = [...exclusive, ...ends.filter(({ ended }) => !ended).map(({ name }) => name)];
    if (unfinished.length > 0) this.logger.warn('Schedules were still running at the stop', { jobs: unfinished });
  }

  /** How each job has been doing in this process, by name. */
  stats(): JobStats[] {
    const functions = this.functions.stats();
    const declared = this.declared.stats().map((stats) => ({ ...stats, ...functions.get(stats.name) }));
    return [...[...this.jobs.values()].map((job) => job.stats()), ...declared].sort((a, b) =>
      a.name < b.name ? -1 : Number(a.name > b.name),
    );
  }

  private declare(name: string, input: ScheduleInput, maker: SlotMaker | null): void {
    this.checkName(name);
    this.declared.add(name, input, maker);
  }

  private addExclusive({ name, kind, run, when }: ExclusiveFunction, options: ExclusiveOptions): void {
    this.checkName(name);
    const type = this.functions.add(name, kind, run);
    const task = { type, payload: {}, queue: FUNCTION_QUEUE, maxRetry: 0 };
    this.declared.add(name, { overlap: 'skip', ...options, ...when, ...task }, () => ({
      ...task,
      runner: this.functions,
    }));
  }

  private add(parts: Omit<TimedJobParts, 'registry' | 'metrics'>, { recorded = false }: ReplicaOptions): void {
    this.checkName(parts.name);
    const run = recorded ? this.functions.recorded(parts.name, parts.run) : parts.run;
    const job = new TimedJob({ ...parts, run, registry: this.registry, metrics: this.metrics });
    this.jobs.set(parts.name, job);
    if (this.state === 'started') job.start();
  }

  private checkName(name: string): void {
    if (!SCHEDULE_NAME_PATTERN.test(name)) throw new InvalidScheduleName(name);
    if (this.jobs.has(name) || this.declared.has(name)) throw new ScheduleNameTaken(name);
  }
}
