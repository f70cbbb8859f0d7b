import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { pause } from '@millrace/contracts';
import { CancelSignals, Queues, type RenewalThread } from '@millrace/queue';
import { LoopWatch, Metrics, Periodic, Program, Shutdown, type WatchedLoop } from '@millrace/runtime';
import { TaskQueries, TaskRepository, WorkerRepository } from '@millrace/store';
import { TaskPolicy, TaskSubmitter } from '@millrace/tasks';
import { CancelWatch } from './cancel-watch';
import { ClaimLoop } from './claim-loop';
import { HandlerRegistry } from './handler-registry';
import { HeldTasks } from './held-tasks';
import { Cells } from './isolation/cells';
import { isolationOf } from './isolation/isolation-of';
import { LeaseKeeper } from './lease-keeper';
import { OutcomeReplay } from './outcome-replay';
import { OutcomeSpill } from './outcome-spill';
import { OutcomeBuffer } from './outcome-buffer';
import { waitAtMost } from './patience';
import { PromoteLoop } from './promote-loop';
import { RunnerOptions } from './runner-options';
import { Settler } from './settler';
import { Slots } from './slots';
import { SpillFolder } from './spill-folder';
import { Tally } from './tally';
import { TaskFlow } from './task-flow';
import { gaugeWorker } from './worker-gauges';
import { WorkerHeart } from './worker-heart';
import { statsOf, type WorkerStats } from './worker-stats';

/** How often a worker says in PostgreSQL that it lives. */
const HEARTBEAT_MS = 5_000;

/** How often rows of this worker are compared with what it runs. */
const STRAYS_MS = 30_000;

/** How often outcomes on disk are looked for, and how often is looked whether any have to go there. */
const REPLAY_MS = 5_000;
const SPILL_MS = 250;

/** The claim loop comes round every two seconds; a promote loop at least once a poll interval. */
const LOOP_LIMIT_MS = 60_000;

/** The renewal thread stands after 50 to 300 ms. */
const RENEWING_MS = 3_000;

/** Aborted handlers get 3 s to settle, and their outcomes a moment to arrive. */
const ABORTED_MS = 4_000;

/** What each later step of a shutdown may take. */
const FLUSH_MS = 3_000;
const GOODBYE_MS = 1_000;

/** What `Worker.stop` may take beyond `shutdownTimeoutMs`, in milliseconds. */
export const WORKER_CLOSING_MS = ABORTED_MS + 3 * FLUSH_MS + 6 * GOODBYE_MS;

/** One worker process: takes tasks from its queues and runs them until it is told to stop. */
@Injectable()
export class Worker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** New with every start, so that nothing of an earlier process can be taken for this one's. */
  readonly id = `${hostname()
    .replace(/[^\w.-]/g, '-')
    .slice(0, 64)}:${process.pid}:${randomUUID()}`;

  private readonly logger = new Logger(Worker.name);
  private readonly stopping = new AbortController();
  private readonly abandon = new AbortController();
  private readonly slots: Slots;
  private readonly cells: Cells;
  private readonly flow: TaskFlow;
  private readonly heart: WorkerHeart;
  private readonly cancels: CancelWatch;
  private readonly spill: OutcomeSpill;
  private readonly renewals: RenewalThread;
  private renewing: WatchedLoop | null = null;
  private readonly upkeep: readonly Periodic[];
  private loops: readonly Promise<void>[] = [];

  constructor(
    private readonly options: RunnerOptions,
    private readonly registry: HandlerRegistry,
    private readonly queues: Queues,
    signals: CancelSignals,
    tasks: TaskRepository,
    queries: TaskQueries,
    workers: WorkerRepository,
    submitter: TaskSubmitter,
    policy: TaskPolicy,
    private readonly tally: Tally,
    metrics: Metrics,
    private readonly watch: LoopWatch,
    private readonly shutdown: Shutdown,
    private readonly program: Program,
  ) {
    const { leaseMs } = options;
    // Every wait of every queue listens to them.
    setMaxListeners(0, this.stopping.signal, this.abandon.signal, shutdown.hastened);
    const workerId = this.id;
    this.renewals = queues.renewalThread({
      workerId,
      leaseMs,
      queues: [...options.queues.keys()],
      holds: () => held.claims(),
      deadLoopMs: options.deadLoopMs,
      onTurn: () => this.renewing?.turned(),
    });
    const held: HeldTasks = new HeldTasks(this.renewals);
    const settler = new Settler(queues, held, this.abandon.signal);
    const buffer = new OutcomeBuffer(options.outcomeBuffer, this.abandon.signal);
    const folder = spillFolderOf(options, workerId);
    this.slots = new Slots(options.workers);
    this.cells = new Cells(program, options.isolatedWorkers);
    this.flow = new TaskFlow({
      workerId,
      leaseMs,
      slots: this.slots,
      held,
      registry,
      tasks,
      queries,
      submitter,
      policy,
      settler,
      tally,
      buffer,
      hasSpilled: async () => folder?.hasOwn() ?? false,
      cells: this.cells,
      stopping: this.stopping.signal,
      abandon: this.abandon.signal,
    });
    this.heart = new WorkerHeart(workerId, options, registry, policy, workers);
    this.cancels = new CancelWatch(workerId, held, tasks, signals);
    const unansweredForMs = () => this.flow.unansweredForMs;
    this.spill = new OutcomeSpill({ folder, buffer, held, queues, tally, unansweredForMs });
    const replay = folder ? new OutcomeReplay({ folder, tasks, queries, queues, tally }) : null;
    const leases = new LeaseKeeper(
      { workerId, leaseMs, queues: [...options.queues.keys()] },
      held,
      queues,
      queries,
      this.renewals,
    );

    const every = (name: string, intervalMs: number, runOnce: () => Promise<unknown>) =>
      new Periodic({ name, intervalMs, runOnce, metrics, watch });
    this.upkeep = [
      every('renew-leases', leaseMs / 3, () => leases.runOnce()),
      every('watch-cancels', leaseMs / 3, () => this.cancels.runOnce()),
      every('beat', HEARTBEAT_MS, () => this.heart.runOnce()),
      every('find-strays', STRAYS_MS, async () => this.flow.lookForStrays()),
      ...(replay
        ? [
            every('spill-outcomes', SPILL_MS, () => this.spill.runOnce()),
            every('replay-outcomes', REPLAY_MS, () => replay.runOnce()),
          ]
        : []),
    ];
    gaugeWorker(metrics, {
      slots: this.slots,
      buffer,
      leaked: () => this.flow.leaked,
      isolated: () => this.cells.busy,
      watch,
      renewals: this.renewals,
    });
  }

  onApplicationBootstrap(): void {
    if (this.options.enabled && this.program.role === 'service') this.start();
  }

  /** Runs while health still answers and the stores are still open. */
  async beforeApplicationShutdown(): Promise<void> {
    if (this.loops.length > 0) await this.stop();
  }

  /** Begins to take tasks. Stores that are away are waited for. */
  start(): void {
    this.renewing = this.watch.watch('renewal-thread', LOOP_LIMIT_MS);
    const renewing = this.renewals.start();
    for (const periodic of this.upkeep) periodic.start();
    this.cancels.start();
    this.prepareCells();
    this.loops = [this.claim(renewing), ...[...this.options.queues.keys()].map((queue) => this.promote(queue))];
    this.logger.log('Taking tasks', { workerId: this.id, queues: Object.fromEntries(this.options.queues) });
  }

  /**
   * Stops in order: takes nothing more, gives back what has not started, waits for what runs (`shutdownTimeoutMs`, or
   * until the shutdown is hastened), aborts the rest and hands it back, records and settles, and says goodbye.
   */
  async stop(): Promise<void> {
    this.stopping.abort();
    // A loop that is stuck must not keep the outcomes of the others from being recorded.
    await waitAtMost(FLUSH_MS, Promise.all([...this.loops, this.flow.gateIdle()]));
    await this.slotsFree(this.options.shutdownTimeoutMs, this.shutdown.hastened);

    if (this.slots.busy > 0) {
      this.logger.warn('Aborting tasks that still run', { tasks: this.slots.busy });
      this.flow.abortAll();
      await this.slotsFree(ABORTED_MS);
    }
    await waitAtMost(GOODBYE_MS, this.cells.close());
    await waitAtMost(FLUSH_MS, this.flow.idle());
    this.abandon.abort();
    await waitAtMost(GOODBYE_MS, this.flow.endingsBuffered());
    await waitAtMost(FLUSH_MS, this.spill.saveRest());
    this.cancels.stop();
    await waitAtMost(GOODBYE_MS, Promise.all(this.upkeep.map((periodic) => periodic.stop())));
    await waitAtMost(GOODBYE_MS, this.renewals.stop());
    this.renewing?.end();
    // Rows of a worker that is gone are counted as lost, and these have lost nothing.
    await waitAtMost(GOODBYE_MS, this.flow.handBackStrays());
    await waitAtMost(GOODBYE_MS, this.sayGoodbye());
    this.loops = [];
  }

  /** What this worker does at the moment and has done since it started. */
  async stats(): Promise<WorkerStats> {
    return statsOf({
      workerId: this.id,
      options: this.options,
      slots: this.slots,
      leaked: this.flow.leaked,
      isolated: this.cells.busy,
      queues: this.queues,
      watch: this.watch,
      tally: this.tally,
    });
  }

  private prepareCells(): void {
    const isolated = this.registry.types().filter((handler) => handler.isolated !== null);
    const [first] = isolated;
    if (!first) return;
    const types = isolated.map(({ type }) => type);
    if (!this.cells.possible)
      this.logger.warn('Isolated handlers run among the others: no program to start', { types });
    const spec = isolationOf(first, 0);
    if (spec) this.cells.prepare(spec);
  }

  private async claim(renewing: Promise<void>): Promise<void> {
    const { leaseMs, queues } = this.options;
    const loop = this.watch.watch('claim', LOOP_LIMIT_MS);
    // Its start takes 50 ms of a processor, which the first tasks would have to share, and until it stands nobody covers for this loop.
    await waitAtMost(RENEWING_MS, renewing);
    const claims = new ClaimLoop(
      {
        workerId: this.id,
        leaseMs,
        queues,
        stalled: () => this.flow.stalled,
        take: (taken, times) => this.flow.take(taken, times),
        // With every slot lost to a handler that ignores its signal only a restart helps.
        turned: () => this.flow.leaked < 2 * this.slots.total && loop.turned(),
      },
      this.queues,
      this.slots,
    );
    await claims.run(this.stopping.signal).finally(() => loop.end());
  }

  private promote(queue: string): Promise<void> {
    const { pollIntervalMs } = this.options;
    const loop = this.watch.watch(`promote ${queue}`, LOOP_LIMIT_MS + pollIntervalMs);
    const promotes = new PromoteLoop({ queue, pollIntervalMs, turned: () => loop.turned() }, this.queues);
    return promotes.run(this.stopping.signal).finally(() => loop.end());
  }

  /** Resolves when no slot is busy, after `limitMs`, or at the signal. */
  private async slotsFree(limitMs: number, signal?: AbortSignal): Promise<void> {
    const endsAtMs = performance.now() + limitMs;
    while (this.slots.busy > 0 && performance.now() < endsAtMs && !signal?.aborted) {
      await pause(20, signal ?? this.abandon.signal);
    }
  }

  private async sayGoodbye(): Promise<void> {
    const goodbyes = [...this.options.queues.keys()].map((queue) => this.queues.of(queue).removeWorker(this.id));
    const results = await Promise.allSettled([...goodbyes, this.heart.remove()]);
    for (const result of results) {
      if (result.status === 'rejected') this.logger.warn('A goodbye failed', { error: result.reason as unknown });
    }
  }
}

function spillFolderOf({ spillFolder, spillLimitBytes }: RunnerOptions, workerId: string): SpillFolder | null {
  if (spillFolder === null) return null;
  return new SpillFolder({ folder: spillFolder, limitBytes: spillLimitBytes, workerId });
}
