import { encodeQueueTask, type ExpiredHold } from '@millrace/queue';
import { dispatchOf } from '@millrace/tasks';
import { endedBy, HOUR_MS, newTask, outcomeOf, rescueOf, startOf, type End, type Held } from './held';
import type { QueuePart, Stores } from './stores';

const EARLY_MS = 2 * HOUR_MS;
const MANY = 100;

interface Worker {
  readonly id: string;
  state: 'up' | 'paused';
  held: Held[];
}

/** A handler that was called. */
export interface HandlerStart {
  readonly taskId: string;
  readonly attempt: number;
  readonly workerId: string;
}

/**
 * Workers, a rescuer and people who use the platform, in the smallest steps between which a crash can happen. What they
 * do with the stores is what the services do; a step changes one store, or the memory of one process.
 */
export class World {
  /** Every call of a handler, in order. */
  readonly starts: HandlerStart[] = [];
  /** Retries that an operator asked for and got. */
  readonly retries: string[] = [];
  private readonly workers: Worker[];
  private readonly silent = new Set<string>();
  private submitted = 0;
  private born = 0;

  constructor(
    readonly stores: Stores,
    private readonly queueName: string,
    workers: number,
  ) {
    this.workers = Array.from({ length: workers }, () => this.newWorker());
  }

  get taskCount(): number {
    return this.submitted;
  }

  /** Handlers that are running, wherever they are. */
  get running(): HandlerStart[] {
    return this.workers.flatMap(({ id, held }) =>
      held.flatMap(({ task, ended }) =>
        task && !ended ? [{ taskId: task.taskId, attempt: task.attempt, workerId: id }] : [],
      ),
    );
  }

  /** Records a task; `undispatched` when the submitter dies before it can put it into its queue. */
  async submit({ dispatch }: { dispatch: 'dispatched' | 'undispatched' }): Promise<void> {
    const taskId = this.nameOf((this.submitted += 1) - 1);
    await this.stores.record.insertMany([newTask(taskId, this.queueName)]);
    if (dispatch === 'dispatched') await this.enqueue([taskId]);
  }

  /** The next thing this worker would do by itself. */
  async goOn(worker: number): Promise<void> {
    const { held } = this.at(worker);
    if (held.some(({ won }) => won !== undefined)) return this.settle(worker);
    if (held.some(({ ended }) => ended !== null)) return this.recordEnded(worker);
    if (held.some(({ task }) => task === null)) return this.start(worker);
    if (held.length > 0) return this.end(worker, 'returns');
    return this.claim(worker);
  }

  async claim(worker: number): Promise<void> {
    const { id, held } = this.at(worker);
    const claims = await this.stores.queue.claim({ workerId: id, limit: 2, leaseMs: HOUR_MS });
    held.push(...claims.map((claim) => ({ claim, task: null, ended: null, won: undefined })));
  }

  /** Asks the record which of the claimed tasks may start, and calls the handlers of those. */
  async start(worker: number): Promise<void> {
    const me = this.at(worker);
    const waiting = me.held.filter(({ task }) => task === null);
    const answers = await this.stores.record.startMany(
      waiting.map(({ claim }) => startOf(claim)),
      me.id,
    );
    for (const [index, held] of waiting.entries()) {
      const answer = answers[index];
      if (answer?.kind === 'started') {
        held.task = answer.task;
        this.starts.push({ taskId: held.claim.taskId, attempt: answer.task.attempt, workerId: me.id });
        continue;
      }
      me.held = me.held.filter((other) => other !== held);
      if (answer?.kind === 'early') await this.stores.queue.putBack([held.claim], { delayMs: EARLY_MS });
      else await this.stores.queue.ack([held.claim]);
    }
  }

  /** The gate let the tasks in, and the worker dies before it hears of it. */
  async startUnheard(worker: number): Promise<void> {
    const { id, held } = this.at(worker);
    const waiting = held.filter(({ task }) => task === null);
    await this.stores.record.startMany(
      waiting.map(({ claim }) => startOf(claim)),
      id,
    );
    await this.crash(worker);
  }

  async end(worker: number, how: End): Promise<void> {
    const held = this.at(worker).held.find(({ task, ended }) => task !== null && ended === null);
    if (held) held.ended = endedBy(how);
  }

  /** A shutdown: what runs is aborted, what has not started goes back. */
  async interrupt(worker: number): Promise<void> {
    const me = this.at(worker);
    for (const held of me.held) if (held.task && !held.ended) held.ended = { kind: 'interrupted' };
    const unstarted = me.held.filter(({ task }) => task === null);
    me.held = me.held.filter(({ task }) => task !== null);
    await this.stores.queue.putBack(
      unstarted.map(({ claim }) => claim),
      { delayMs: 0 },
    );
  }

  async recordEnded(worker: number): Promise<void> {
    const { id, held } = this.at(worker);
    const finished = held.filter(({ ended, won }) => ended !== null && won === undefined);
    const outcomes = await this.stores.record.recordOutcomes(finished.flatMap((item) => outcomeOf(item, id)));
    for (const item of finished) {
      item.won =
        outcomes.find(({ taskId, attempt }) => taskId === item.claim.taskId && attempt === item.task?.attempt) ?? null;
    }
  }

  /** Queues the next attempts and lets go of the holds, as the record decided. */
  async settle(worker: number): Promise<void> {
    const me = this.at(worker);
    const done = me.held.filter(({ won }) => won !== undefined);
    me.held = me.held.filter(({ won }) => won === undefined);
    const again = done.filter(({ won }) => won?.status === 'pending').map(({ claim }) => claim.taskId);
    await this.enqueue(again);
    await this.stores.queue.ack(done.map(({ claim }) => claim));
  }

  /** Renews the leases of what is held, and puts back the holds that Redis lost. */
  async renew(worker: number): Promise<void> {
    const { id, held } = this.at(worker);
    const lost = await this.stores.queue.renew({
      workerId: id,
      leaseMs: HOUR_MS,
      holds: held.map(({ claim }) => claim),
    });
    const reasons = new Map(lost.map(({ taskId, reason }) => [taskId, reason]));
    const missing = held.filter(({ task, claim }) => task && reasons.get(claim.taskId) === 'missing');
    const claims = missing.map(({ claim, task }) => ({ ...claim, attempt: task?.attempt ?? 0 }));
    const back = await this.stores.queue.reassert({ workerId: id, leaseMs: HOUR_MS, claims });
    const rows = new Map((await this.stores.rows()).map((row) => [row.taskId, row]));
    for (const item of held) {
      const { taskId } = item.claim;
      if (!item.task || item.ended || !reasons.has(taskId) || back.includes(taskId)) continue;
      const row = rows.get(taskId);
      const isOurs = row?.status === 'processing' && row.attempt === item.task.attempt && row.workerId === id;
      if (!isOurs) item.ended = { kind: 'interrupted' };
    }
  }

  /** The process is gone with everything it knew; another one, with an id of its own, takes its place. */
  async crash(worker: number): Promise<void> {
    this.silent.add(this.at(worker).id);
    this.workers[worker] = this.newWorker();
  }

  async pause(worker: number): Promise<void> {
    this.at(worker).state = 'paused';
  }

  async resume(worker: number): Promise<void> {
    this.at(worker).state = 'up';
  }

  isUp(worker: number): boolean {
    return this.at(worker).state === 'up';
  }

  /** A lease and its grace go by in which every worker renews that can, and those that cannot are rescued. */
  async rescue(): Promise<void> {
    for (const [worker, { state }] of this.workers.entries()) if (state === 'up') await this.renew(worker);
    const paused = this.workers.filter(({ state }) => state === 'paused').map(({ id }) => id);
    const lost = [...this.silent, ...paused];
    await this.stores.endLeases(lost);
    await this.rescueHolds(
      (await this.stores.queue.repair.expired({ graceMs: 0, limit: MANY })).filter(({ workerId }) =>
        lost.includes(workerId),
      ),
    );
    await this.rescueRows(lost);
  }

  /** Puts pending tasks back into their queue that are not there; `again` also those that its index claims to know. */
  async repair(mode: 'new' | 'again'): Promise<void> {
    const pending = (await this.stores.rows())
      .filter(({ status }) => status === 'pending')
      .map((row) => dispatchOf(row));
    if (mode === 'new') await this.stores.queue.enqueue(pending);
    else await this.stores.queue.enqueueAgain(pending);
  }

  async promote(): Promise<void> {
    await this.stores.queue.promote({ limit: MANY });
  }

  async elapse(): Promise<void> {
    await this.stores.elapse();
  }

  async lose(parts: readonly QueuePart[]): Promise<void> {
    await this.stores.lose(parts);
  }

  async cancel(task: number): Promise<void> {
    const taskId = this.nameOf(task);
    const cancelled = await this.stores.record.cancelIfPending(taskId);
    if (!cancelled) await this.stores.record.requestCancelIfProcessing(taskId);
  }

  async retry(task: number): Promise<void> {
    const taskId = this.nameOf(task);
    const row = await this.stores.record.retryIfFinal(taskId);
    if (!row) return;
    this.retries.push(taskId);
    await this.enqueue([taskId]);
  }

  /** An entry of the task comes again, as it is or as it was `older` attempts ago. */
  async copyEntry(task: number, older: number): Promise<void> {
    const row = (await this.stores.rows()).find(({ taskId }) => taskId === this.nameOf(task));
    if (row)
      await this.stores.copy(encodeQueueTask(dispatchOf({ ...row, attempt: Math.max(0, row.attempt - older) }).entry));
  }

  private nameOf(task: number): string {
    return `${this.queueName}-${task}`;
  }

  private async enqueue(taskIds: readonly string[]): Promise<void> {
    const rows = (await this.stores.rows()).filter(
      ({ taskId, status }) => taskIds.includes(taskId) && status === 'pending',
    );
    await this.stores.queue.enqueue(rows.map((row) => dispatchOf(row)));
  }

  private async rescueHolds(holds: readonly ExpiredHold[]): Promise<void> {
    await this.stores.record.rescueIfProcessing(
      holds.map(({ taskId, workerId, attempt }) => rescueOf(taskId, (attempt ?? 0) + 1, workerId)),
    );
    await this.stores.queue.ack(holds);
    await this.enqueue(holds.map(({ taskId }) => taskId));
  }

  private async rescueRows(lost: readonly string[]): Promise<void> {
    const rows = (await this.stores.rows()).filter(
      ({ workerId, status }) => status === 'processing' && lost.includes(workerId ?? ''),
    );
    await this.stores.record.rescueIfProcessing(
      rows.map(({ taskId, attempt, workerId }) => rescueOf(taskId, attempt, workerId ?? '')),
    );
    await this.enqueue(rows.map(({ taskId }) => taskId));
  }

  private at(worker: number): Worker {
    const found = this.workers[worker];
    if (!found) throw new RangeError(`There is no worker ${worker}`);
    return found;
  }

  private newWorker(): Worker {
    return { id: `worker-${(this.born += 1)}`, state: 'up', held: [] };
  }
}
