import type { Claim, RenewalThread } from '@millrace/queue';
import type { Run } from './attempt-runner';
import type { Place } from './isolation/cells';

/** One task this worker holds under a lease, from its claim until its outcome is recorded or it is given back. */
export class HeldTask {
  /** The attempt the start gate gave this worker; null before the gate. */
  attempt: number | null = null;
  /** Its handler; null while none runs. */
  run: Run | null = null;
  /** When it was given a slot to run in, monotonic; null while it has none. */
  slotSinceMs: number | null = null;
  /** The cell it has or waits for; null while it has none to expect. */
  place: Place | null = null;
  /** Where `HeldTasks` keeps it; nobody else's business. */
  index = -1;

  /** When its way to the start began; monotonic. */
  readonly claimedAtMs: number;
  /** Monotonic; until then the lease has certainly not run out, because it was counted from before the call that gave or renewed it. */
  trustedUntilMs: number;

  constructor(
    readonly claim: Claim,
    { trustedUntilMs, claimedAtMs }: Pick<HeldTask, 'trustedUntilMs' | 'claimedAtMs'>,
  ) {
    this.trustedUntilMs = trustedUntilMs;
    this.claimedAtMs = claimedAtMs;
  }

  get taskId(): string {
    return this.claim.taskId;
  }
}

/**
 * Every task this worker holds: what is renewed and what a cancel is looked up in.
 *
 * A list in which each task knows its place, because a `Set` through which all tasks pass grows anew all the time, and the
 * table it leaves behind keeps all that was in it alive until the next full garbage collection.
 */
export class HeldTasks {
  /** In no order. After a rescue one worker may hold two claims of one task. */
  private readonly held: HeldTask[] = [];

  /** @param renewals Is told of every hold, so that it can renew those while this loop is busy. */
  constructor(private readonly renewals: Pick<RenewalThread, 'hold'>) {}

  /** Holds what one claim took. */
  add(claims: readonly Claim[], times: Pick<HeldTask, 'trustedUntilMs' | 'claimedAtMs'>): HeldTask[] {
    const added = claims.map((claim) => new HeldTask(claim, times));
    for (const held of added) held.index = this.held.push(held) - 1;
    this.renewals.hold(claims);
    return added;
  }

  has(held: HeldTask): boolean {
    return this.held[held.index] === held;
  }

  remove(held: HeldTask): void {
    if (!this.has(held)) return;
    const last = this.held.pop();
    if (!last || last === held) return;
    this.held[held.index] = last;
    last.index = held.index;
  }

  ofQueue(queue: string): HeldTask[] {
    return this.held.filter((held) => held.claim.queue === queue);
  }

  /** The running attempt of a task, if it is this worker's. */
  running(taskId: string): HeldTask | undefined {
    return this.held.find((held) => held.taskId === taskId && held.run !== null);
  }

  all(): HeldTask[] {
    return [...this.held];
  }

  /** All of them, as the renewal thread wants to know them. */
  claims(): Claim[] {
    return this.held.map(({ claim }) => claim);
  }

  get size(): number {
    return this.held.length;
  }
}
