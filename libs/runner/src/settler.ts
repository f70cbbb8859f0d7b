import { Logger } from '@nestjs/common';
import { pause } from '@millrace/contracts';
import { QueueUnavailable, type Dispatch, type Queues } from '@millrace/queue';
import type { HeldTask, HeldTasks } from './held-tasks';
import { retryPauseMs } from './patience';

/** Most steps of one turn, and most that may wait. */
const BATCH = 1_000;
const MOST_WAITING = 10_000;

type Step =
  | { readonly kind: 'ack'; readonly held: HeldTask }
  | { readonly kind: 'set_aside'; readonly held: HeldTask; readonly reason: string }
  | { readonly kind: 'put_back'; readonly held: HeldTask; readonly delayMs: number; readonly as?: Dispatch['entry'] }
  | { readonly kind: 'dispatch'; readonly queue: string; readonly dispatch: Dispatch };

/**
 * Tells Redis what became of held tasks, after PostgreSQL knows it: acknowledges, puts back unchanged, or queues the
 * next attempt. Steps share round trips: the next turn is what gathered while the last one was under way.
 *
 * While Redis is away the steps wait, at most 10,000 of them. Beyond that the oldest are forgotten: in Redis all of this
 * is a hint, and repair makes up for it.
 */
export class Settler {
  private readonly logger = new Logger(Settler.name);
  private waiting: Step[] = [];
  private turning: Promise<void> | null = null;
  private failures = 0;

  /** @param abandon Aborts when a stopping worker gives up on a Redis that does not answer. */
  constructor(
    private readonly queues: Queues,
    private readonly held: HeldTasks,
    private readonly abandon: AbortSignal,
  ) {}

  /** The task's row says all there is to say; the hold goes. */
  ack(held: HeldTask): void {
    this.held.remove(held);
    this.add({ kind: 'ack', held });
  }

  /** No task can be made of the entry: it is kept for a person to look at. */
  setAside(held: HeldTask, reason: string): void {
    this.held.remove(held);
    this.add({ kind: 'set_aside', held, reason });
  }

  /** Somebody takes the entry again: at once with 0, else after the delay. `as` takes its place. */
  putBack(held: HeldTask, delayMs: number, as?: Dispatch['entry']): void {
    this.held.remove(held);
    this.add({ kind: 'put_back', held, delayMs, ...(as && { as }) });
  }

  /** The task's next attempt waits; the hold of the last one goes by `ack`. */
  dispatch(queue: string, dispatch: Dispatch): void {
    this.add({ kind: 'dispatch', queue, dispatch });
  }

  /** Waits until every step is done, or given up at `abandon`. */
  async idle(): Promise<void> {
    await this.turning;
  }

  private add(step: Step): void {
    if (this.waiting.length >= MOST_WAITING) this.waiting.shift();
    this.waiting.push(step);
    this.turning ??= this.turn();
  }

  private async turn(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0 && !this.abandon.aborted) {
      const batch = this.waiting.splice(0, BATCH);
      try {
        await this.settle(batch);
        this.failures = 0;
      } catch (error) {
        if (!(error instanceof QueueUnavailable)) {
          // Trying again would block every later step; what Redis was not told, repair tells it.
          this.logger.error('Redis refused to settle tasks', { steps: batch.length, error });
          continue;
        }
        this.waiting = [...batch, ...this.waiting].slice(-MOST_WAITING);
        this.failures += 1;
        if (this.failures === 1) {
          this.logger.warn('Acknowledgements wait for Redis', { error });
        }
        await pause(retryPauseMs(this.failures), this.abandon);
      }
    }
    this.turning = null;
  }

  private async settle(steps: readonly Step[]): Promise<void> {
    await Promise.all([
      this.ackAll(steps.filter((step) => step.kind === 'ack')),
      this.setAsideAll(steps.filter((step) => step.kind === 'set_aside')),
      this.putBackAll(steps.filter((step) => step.kind === 'put_back')),
      this.dispatchAll(steps.filter((step) => step.kind === 'dispatch')),
    ]);
  }

  private async ackAll(steps: readonly { held: HeldTask }[]): Promise<void> {
    const byQueue = groupBy(steps, ({ held }) => held.claim.queue);
    for (const [queue, group] of byQueue) await this.queues.of(queue).ack(group.map(({ held }) => held.claim));
  }

  private async setAsideAll(steps: readonly { held: HeldTask; reason: string }[]): Promise<void> {
    const byQueue = groupBy(steps, ({ held }) => held.claim.queue);
    for (const [queue, group] of byQueue) {
      await this.queues.of(queue).setAside(group.map(({ held: { claim }, reason }) => ({ ...claim, reason })));
    }
  }

  private async putBackAll(
    steps: readonly { held: HeldTask; delayMs: number; as?: Dispatch['entry'] }[],
  ): Promise<void> {
    const groups = groupBy(steps, ({ held, delayMs }) => `${delayMs} ${held.claim.queue}`);
    for (const group of groups.values()) {
      const [first] = group;
      if (!first) continue;
      const claims = group.map(({ held, as }) => ({ ...held.claim, ...(as && { as }) }));
      await this.queues.of(first.held.claim.queue).putBack(claims, { delayMs: first.delayMs });
    }
  }

  private async dispatchAll(steps: readonly { queue: string; dispatch: Dispatch }[]): Promise<void> {
    const byQueue = groupBy(steps, ({ queue }) => queue);
    for (const [queue, group] of byQueue) await this.queues.of(queue).enqueue(group.map(({ dispatch }) => dispatch));
  }
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
