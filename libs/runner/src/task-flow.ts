import { Logger } from '@nestjs/common';
import { failpoint } from '@millrace/contracts';
import { faultOf, type Claim } from '@millrace/queue';
import type { RecordedOutcome, StartedTask, TaskQueries, TaskRepository } from '@millrace/store';
import {
  decideOutcome,
  SnoozeError,
  type Decision,
  type EndedAttempt,
  type TaskPolicy,
  type TaskSubmitter,
} from '@millrace/tasks';
import { WorkerStopping } from './abort-reasons';
import type { Run } from './attempt-runner';
import type { HandlerRegistry, RegisteredHandler } from './handler-registry';
import type { HeldTask, HeldTasks } from './held-tasks';
import type { ClaimTimes } from './claim-loop';
import type { Cells } from './isolation/cells';
import { LeakedHandlers } from './leaked-handlers';
import type { FinishedAttempt, OutcomeBuffer } from './outcome-buffer';
import { OutcomeWriter } from './outcome-writer';
import { ProgressWriter } from './progress-writer';
import type { Settler } from './settler';
import { SlotLine } from './slot-line';
import type { Slots } from './slots';
import { StartGate, type GateAnswers } from './start-gate';
import { StrayRows } from './stray-rows';
import type { Tally } from './tally';
import { TaskRuns } from './task-runs';
import { tellOutcome } from './tell-outcome';
import { Unroutable } from './unroutable';

/** How long a task waits whose start failed for a reason of its own. */
const UNSTARTABLE_MS = 30_000;

/** What the flow works with. */
export interface FlowParts {
  readonly workerId: string;
  readonly leaseMs: number;
  readonly slots: Slots;
  readonly held: HeldTasks;
  readonly registry: HandlerRegistry;
  readonly tasks: TaskRepository;
  readonly queries: TaskQueries;
  readonly submitter: TaskSubmitter;
  readonly policy: TaskPolicy;
  readonly settler: Settler;
  readonly tally: Tally;
  readonly buffer: OutcomeBuffer;
  /** Whether outcomes of this worker lie on disk. */
  readonly hasSpilled: () => Promise<boolean>;
  readonly cells: Cells;
  /** Aborts when the worker stops: what has not started is given back. */
  readonly stopping: AbortSignal;
  /** Aborts when a stopping worker gives up on stores that do not answer. */
  readonly abandon: AbortSignal;
}

/** A started task and who runs it. */
interface Beginning {
  readonly held: HeldTask;
  readonly task: StartedTask;
  readonly handler: RegisteredHandler;
}

/**
 * The life of a task in a worker, top to bottom: taken, shown to the start gate, given a slot, run, decided, recorded, settled.
 *
 * Every claimed entry leaves it in one of three ways: acknowledged, put back, or kept under its lease until the outcome
 * is recorded or on disk.
 */
export class TaskFlow implements GateAnswers {
  private readonly logger = new Logger(TaskFlow.name);
  private readonly strays: StrayRows;
  private readonly gate: StartGate;
  private readonly writer: OutcomeWriter;
  private readonly progress: ProgressWriter;
  private readonly unroutable: Unroutable;
  private readonly runs: TaskRuns;
  private readonly line: SlotLine<Beginning>;
  private readonly leaks: LeakedHandlers;
  /** Attempts that ended and have no place in the outcome buffer yet. */
  private readonly ending = new Set<Promise<void>>();

  constructor(private readonly parts: FlowParts) {
    const { workerId, slots, held, tasks, queries, hasSpilled, stopping, abandon } = parts;
    this.strays = new StrayRows(workerId, held, queries, tasks, hasSpilled);
    this.gate = new StartGate({ ...parts, handBackStrays: () => this.strays.runOnce() }, this);
    this.writer = new OutcomeWriter(parts, (attempts, won) => this.settle(attempts, won));
    this.progress = new ProgressWriter(tasks, abandon);
    this.runs = new TaskRuns({ ...parts, progress: this.progress });
    this.leaks = new LeakedHandlers(slots.total);
    this.line = new SlotLine({
      slots,
      begin: (task) => this.begin(task),
      giveUp: ({ held, task }) => this.end(held, task, { kind: 'interrupted' }),
      stopping,
    });
    this.unroutable = new Unroutable(parts);
  }

  /** Claimed tasks could not be started, or no further outcome could be kept, at the moment. */
  get stalled(): boolean {
    return this.gate.stalled || this.parts.buffer.isFull;
  }

  /** For how long PostgreSQL has owed the answer to an outcome; 0 when it does not. */
  get unansweredForMs(): number {
    return this.writer.unansweredForMs;
  }

  /** Handlers that ignored their signal and still run. */
  get leaked(): number {
    return this.leaks.count;
  }

  /** Takes claimed entries. */
  take(claims: readonly Claim[], { leasedFromMs, claimedAtMs }: ClaimTimes): void {
    const { held, slots, leaseMs, registry, tally } = this.parts;
    tally.claimed(claims.length);
    slots.take(claims.length);
    const taken = held.add(claims, { trustedUntilMs: leasedFromMs + leaseMs, claimedAtMs });

    this.gate.show(taken.filter((task) => registry.find(task.claim.type) && this.hasPlace(task)));
    const unserved = taken.filter(({ claim }) => !registry.find(claim.type));
    if (unserved.length > 0) void this.setAside(unserved);
  }

  started(held: HeldTask, task: StartedTask): void {
    const { registry, tally, slots } = this.parts;
    held.attempt = task.attempt;
    tally.started(task);
    slots.passed(performance.now() - held.claimedAtMs);
    const handler = registry.find(task.type);
    // The entry named another type than the row, whose word is final.
    if (!handler) return this.end(held, task, { kind: 'threw', error: new SnoozeError(UNSTARTABLE_MS) });
    this.line.add({ held, task, handler });
  }

  /** Runs a started task in the slot it was given. */
  private begin({ held, task, handler }: Beginning): void {
    const { tally } = this.parts;
    const startedAtMs = performance.now();
    held.slotSinceMs = startedAtMs;
    if (startedAtMs > held.trustedUntilMs) {
      this.logger.warn('A start came too late for its lease', { taskId: task.taskId, attempt: task.attempt });
      return this.end(held, task, { kind: 'interrupted' });
    }
    failpoint('after_gate');
    const run = this.runs.runOf(held, task, handler);
    if (!run) return this.end(held, task, { kind: 'threw', error: new SnoozeError(this.parts.cells.nextWaitMs()) });
    held.run = run;
    run.begin((ended) => {
      tally.ran(task, (performance.now() - startedAtMs) / 1_000);
      if (!run.hasSettled) this.leaks.add(run, task);
      this.end(held, task, ended, run.hasSettled ? null : run);
    });
  }

  early(held: HeldTask, dueInMs: number): void {
    this.putBack(held, Math.max(1, Math.ceil(dueInMs)));
  }

  expired(held: HeldTask): void {
    this.parts.tally.expired(held.claim);
    this.drop(held);
  }

  unrecordable(held: HeldTask, reason: string): void {
    this.parts.settler.setAside(held, reason);
    this.letGo(held);
  }

  refused(held: HeldTask, reason: string): void {
    // Of an entry that Millrace wrote only the head was read; one that ends in no entry is kept for a person to look at.
    const fault = reason === 'no_row' ? faultOf(held.claim) : null;
    if (fault !== null) return this.unrecordable(held, fault);
    this.logger.debug('Dropped a stale entry', { taskId: held.taskId, reason });
    this.parts.tally.refused();
    this.drop(held);
  }

  unanswered(held: HeldTask): void {
    this.putBack(held, 0);
  }

  unstartable(held: HeldTask): void {
    this.putBack(held, UNSTARTABLE_MS);
  }

  /** Looks for rows that are this worker's by the record and do not run here. */
  lookForStrays(): void {
    this.gate.lookForStrays();
  }

  /** Hands those back that are there at the very end, when no start is under way any more. */
  async handBackStrays(): Promise<void> {
    await this.strays.runOnce();
  }

  /** Aborts every running handler because the worker stops. */
  abortAll(): void {
    for (const { run } of this.parts.held.all()) run?.abort(new WorkerStopping());
  }

  /** Waits until nothing is at the gate; what had not started is on its way back. */
  async gateIdle(): Promise<void> {
    await this.gate.idle();
  }

  /** Waits until every outcome is recorded and settled, or given up at `abandon`. */
  async idle(): Promise<void> {
    await this.writer.idle();
    await this.parts.settler.idle();
  }

  /** Waits until every attempt that has ended is in the outcome buffer; after `abandon` that is soon. */
  async endingsBuffered(): Promise<void> {
    await Promise.all(this.ending);
  }

  /** Whether a task may go to the gate now; one that would find no cell waits in the delayed set. */
  private hasPlace(held: HeldTask): boolean {
    if (this.runs.reserve(held)) return true;
    this.putBack(held, this.parts.cells.nextWaitMs());
    return false;
  }

  private async setAside(unserved: readonly HeldTask[]): Promise<void> {
    await this.unroutable.setAside(unserved);
    for (let count = unserved.length; count > 0; count -= 1) this.parts.slots.release();
  }

  private putBack(held: HeldTask, delayMs: number): void {
    this.parts.settler.putBack(held, delayMs);
    this.letGo(held);
  }

  private drop(held: HeldTask): void {
    this.parts.settler.ack(held);
    this.letGo(held);
  }

  /** A claimed task that had no slot to run in is over for this worker. */
  private letGo(held: HeldTask): void {
    held.place?.leave();
    this.parts.slots.release();
  }

  private end(held: HeldTask, task: StartedTask, ended: EndedAttempt, leaked: Run | null = null): void {
    held.run = null;
    held.place?.leave();
    const kept = this.record(held, task, ended);
    if (!kept) return this.free(held, leaked);
    const ending = kept.finally(() => this.ending.delete(ending));
    this.ending.add(ending);
    void ending.then(() => this.free(held, leaked));
  }

  /** Null when the outcome has its place in the buffer; else a promise that resolves as soon as it has. */
  private record(held: HeldTask, task: StartedTask, ended: EndedAttempt): Promise<void> | null {
    const decision = decideOutcome(ended, task);
    const said = this.progress.flush(held);
    if (!said) return this.accept(held, task, decision);
    return said.then(async () => {
      await this.accept(held, task, decision);
    });
  }

  private accept(held: HeldTask, task: StartedTask, decision: Decision): Promise<void> | null {
    const { id, taskId, attempt } = task;
    failpoint('before_record');
    if (__MUTANT__ === 'ack_before_record') this.parts.settler.ack(held);
    return this.writer.accept({
      held,
      task,
      record: { id, taskId, attempt, workerId: this.parts.workerId, ...decision },
    });
  }

  /** What PostgreSQL has answered for: the next attempt is queued, the hold goes. */
  private settle(attempts: readonly FinishedAttempt[], won: readonly (RecordedOutcome | null)[]): void {
    failpoint('before_ack');
    attempts.forEach((finished, index) => {
      tellOutcome(this.parts, finished, won[index] ?? null);
      this.parts.settler.ack(finished.held);
    });
  }

  /** Up to as many handlers as there are slots may run on beside new tasks; one more keeps its slot until it settles. */
  private free(held: HeldTask, leaked: Run | null): void {
    const { slots } = this.parts;
    if (leaked && this.leaks.keepsSlot(leaked)) {
      void leaked.whenSettled().then(() => this.free(held, null));
      return;
    }
    if (held.slotSinceMs === null) return slots.release();
    slots.end(performance.now() - held.slotSinceMs);
    this.line.move();
  }
}
