import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { FUNCTION_TYPE_PREFIX, VERSION } from '@millrace/contracts';
import { TaskQueries, TaskRepository, WorkerRepository, type RunningTask, type StartedTask } from '@millrace/store';
import { recordStarted, TaskPolicy, type SlotRunner } from '@millrace/tasks';
import { Injectable, Logger } from '@nestjs/common';
import { SchedulingOptions } from './scheduling-options';
import { FunctionOutcomes } from './function-outcomes';
import { FunctionRun, lostDecision, outcomeOf } from './function-run';
import { SchedulerMetrics } from './scheduler-metrics';
import type { Fire, JobStats } from './timed-job';

/** Between two signs of life while a stop waits for functions. */
const STOP_BEAT_MS = 1_000;

/** Shown in the tasks of functions, which never wait in it. */
export const FUNCTION_QUEUE = 'scheduler';

const typeOf = (name: string): string => `${FUNCTION_TYPE_PREFIX}${name}`;

interface FunctionEntry {
  readonly name: string;
  readonly kind: 'func' | 'interval';
  readonly run: (fire: Fire) => unknown;
  running: number;
  lastDurationMs: number | null;
  lastError: string | null;
  runs: number;
  failures: number;
}

/**
 * Runs exclusive functions at the slots that this process has fired, and records each run in the task that came with its slot;
 * records the runs of functions of each replica too, where that is asked for.
 *
 * - This process is the worker of those tasks: it holds them from the slot's transaction on, says every few seconds in the
 *   record that it lives, and a run whose process is not heard of fails as `worker_crashed` like that of a lost worker.
 * - An outcome the record does not take is kept and tried again with every sign of life.
 * - A slot whose answer came too late is not begun: somebody may have given it up already.
 */
@Injectable()
export class FunctionRuns implements SlotRunner {
  /** New with every start, so that nothing of an earlier process can be taken for this one's. */
  readonly workerId = `scheduler-${hostname()
    .replace(/[^\w.-]/g, '-')
    .slice(0, 64)}:${process.pid}:${randomUUID()}`;

  private readonly logger = new Logger('Scheduler');
  private readonly functions = new Map<string, FunctionEntry>();
  /** Functions of both kinds. */
  private count = 0;
  private readonly runs = new Map<string, FunctionRun>();
  private readonly ends = new Set<Promise<void>>();
  private readonly outcomes: FunctionOutcomes;
  private strangers = new Map<string, number>();
  private state: 'new' | 'registered' | 'stopping' | 'stopped' = 'new';

  constructor(
    private readonly tasks: TaskRepository,
    private readonly queries: TaskQueries,
    private readonly workers: WorkerRepository,
    private readonly policy: TaskPolicy,
    private readonly metrics: SchedulerMetrics,
    private readonly options: SchedulingOptions,
  ) {
    this.outcomes = new FunctionOutcomes(tasks);
  }

  /** Names what runs at the slots of the schedule `name`; answers the type of its tasks. */
  add(name: string, kind: 'func' | 'interval', run: (fire: Fire) => unknown): string {
    const type = typeOf(name);
    this.count += 1;
    const nothing = { running: 0, lastDurationMs: null, lastError: null, runs: 0, failures: 0 };
    this.functions.set(type, { name, kind, run, ...nothing });
    return type;
  }

  /**
   * A function of each replica, whose runs are recorded as tasks as well. While the database cannot record its start it runs
   * all the same. It throws why a run failed.
   */
  recorded(name: string, fn: (fire: Fire) => unknown): (fire: Fire) => Promise<void> {
    this.count += 1;
    return (fire) => this.until(this.runRecorded(typeOf(name), fn, fire));
  }

  begin(task: StartedTask, askedAtMs: number): void {
    void this.until(this.run(task, askedAtMs));
  }

  /** How the functions have been doing in this process, by name. */
  stats(): Map<string, Pick<JobStats, 'kind' | 'running' | 'lastDurationMs' | 'lastError' | 'runs' | 'failures'>> {
    return new Map(
      [...this.functions.values()].map(({ name, running, ...facts }) => [name, { ...facts, running: running > 0 }]),
    );
  }

  /**
   * Says that this process lives and holds its runs, looks whether the record agrees about who runs what, and records what could
   * not be recorded before. Answers how many runs failed here that were never begun. Throws `StoreUnavailable`.
   */
  async hold(): Promise<{ readonly lost: number }> {
    if (this.count === 0 || this.state === 'stopped') return { lost: 0 };
    await this.beat();
    const before = [...this.runs];
    const [cancelled, mine] = await Promise.all([
      this.tasks.cancelRequested(this.workerId),
      this.queries.processingOf(this.workerId),
    ]);
    for (const { taskId } of cancelled) this.runs.get(taskId)?.abort('cancelled');
    const held = new Set(mine.map(({ taskId }) => taskId));
    for (const [taskId, run] of before) if (!held.has(taskId)) run.abort('superseded');
    const lost = await this.giveUpStrangers(mine.filter(({ taskId }) => !this.knows(taskId)));
    await this.outcomes.recordKept();
    return { lost };
  }

  /** Begins no further run, aborts the signals of those under way and waits for them; answers the names of those that go on. */
  async stop(timeoutMs: number): Promise<string[]> {
    this.state = 'stopping';
    const giveUpAtMs = performance.now() + timeoutMs;
    for (const run of this.runs.values()) run.abort('stopping');
    while (this.isBusy() && performance.now() < giveUpAtMs) {
      const waited = sleep(Math.min(STOP_BEAT_MS, giveUpAtMs - performance.now()));
      await (this.ends.size > 0 ? Promise.race([Promise.allSettled(this.ends), waited]) : waited);
      if (this.isBusy()) await this.hold().catch((error: unknown) => this.unheld(error));
    }
    this.state = 'stopped';
    // The row of a worker that still holds something stays: only its silence makes its runs lost.
    if (this.count > 0 && !this.isBusy()) await this.sayGoodbye();
    return [...this.functions.values()].filter(({ running }) => running > 0).map(({ name }) => name);
  }

  /** A stop waits for it. */
  private async until(run: Promise<void>): Promise<void> {
    this.ends.add(run);
    await run.finally(() => this.ends.delete(run));
  }

  private isBusy(): boolean {
    return this.ends.size + this.outcomes.kept > 0;
  }

  private async run(task: StartedTask, askedAtMs: number): Promise<void> {
    const entry = this.functions.get(task.type);
    const why = this.whyNot(askedAtMs);
    if (!entry || why) {
      this.logger.warn('A function was not begun', { taskId: task.taskId, type: task.type, why });
      return this.outcomes.recordOrKeep(outcomeOf(task, lostDecision(task, why ?? 'No such function'), this.workerId));
    }
    const run = new FunctionRun(task, entry.run);
    this.runs.set(task.taskId, run);
    entry.running += 1;
    const startedMs = performance.now();
    this.metrics.fired(entry.name, (task.startedAt?.getTime() ?? 0) - (task.slotAt?.getTime() ?? 0));
    const decision = await run.run();
    entry.running -= 1;
    this.ended(entry, task, { ms: Math.round(performance.now() - startedMs), error: decision.errorMessage });
    await this.outcomes.recordOrKeep(outcomeOf(task, decision, this.workerId));
    this.runs.delete(task.taskId);
  }

  private async runRecorded(type: string, fn: (fire: Fire) => unknown, fire: Fire): Promise<void> {
    const task = await this.recordStart(type, fire.slotAt);
    if (!task) return void (await fn(fire));
    const run = new FunctionRun(task, fn);
    this.runs.set(task.taskId, run);
    const stop = (): void => run.abort('stopping');
    fire.signal.addEventListener('abort', stop);
    if (fire.signal.aborted) stop();
    const decision = await run.run();
    fire.signal.removeEventListener('abort', stop);
    await this.outcomes.recordOrKeep(outcomeOf(task, decision, this.workerId));
    this.runs.delete(task.taskId);
    if (decision.errorMessage !== null) throw new Error(decision.errorMessage);
  }

  private async recordStart(type: string, slotAt: Date): Promise<StartedTask | null> {
    const { tasks, policy } = this;
    try {
      const options = { queue: FUNCTION_QUEUE, maxRetry: 0, slotAt };
      return await recordStarted({ tasks, policy }, { type, payload: {}, options }, this.workerId);
    } catch (error) {
      this.logger.warn('A function runs unrecorded', { type, slotAt, error });
      return null;
    }
  }

  private whyNot(askedAtMs: number): string | null {
    if (this.state === 'stopping' || this.state === 'stopped') return 'The scheduler stops';
    return performance.now() - askedAtMs > this.options.leaseMs ? 'The scheduler stood still' : null;
  }

  private ended(
    entry: FunctionEntry,
    { taskId, slotAt }: StartedTask,
    end: { ms: number; error: string | null },
  ): void {
    const { ms, error } = end;
    entry.runs += 1;
    entry.lastDurationMs = ms;
    entry.lastError = error;
    if (error !== null) entry.failures += 1;
    this.metrics.ended(entry.name, error === null ? 'ok' : 'error', ms);
    const facts = { job: entry.name, taskId, slotAt, ms };
    if (error === null) this.logger.log('A schedule ran', facts);
    else this.logger.error('A run of a schedule failed', { ...facts, error });
  }

  private knows(taskId: string): boolean {
    return this.runs.has(taskId) || this.outcomes.keeps(taskId);
  }

  /** Slots whose commit was never answered here. After a lease none of them may begin any more. */
  private async giveUpStrangers(seen: readonly RunningTask[]): Promise<number> {
    const nowMs = performance.now();
    this.strangers = new Map(seen.map(({ taskId }) => [taskId, this.strangers.get(taskId) ?? nowMs]));
    const lost = seen.filter(({ taskId }) => nowMs - (this.strangers.get(taskId) ?? nowMs) > this.options.leaseMs);
    const decision = lostDecision({ retryCount: 0, crashCount: 0 }, 'The scheduler never heard that it was to run');
    return (await this.tasks.recordOutcomes(lost.map((task) => outcomeOf(task, decision, this.workerId)))).length;
  }

  private async beat(): Promise<void> {
    if (this.state !== 'new' && (await this.workers.beat(this.workerId))) return;
    await this.workers.register({
      ...{ workerId: this.workerId, host: hostname(), pid: process.pid, version: VERSION },
      ...{ queues: [], concurrency: this.count, types: [] },
    });
    if (this.state === 'new') this.state = 'registered';
  }

  private async sayGoodbye(): Promise<void> {
    await this.workers.remove(this.workerId).catch((error: unknown) => this.unheld(error));
  }

  private unheld(error: unknown): void {
    this.logger.warn('A stopping scheduler cannot reach the database', { error });
  }
}
