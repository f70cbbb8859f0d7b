import type { Claim, RenewalThread } from '@millrace/queue';
import type { AbortReason } from './abort-reasons';
import type { Place } from './isolation/cells';

/** One task this worker holds under a lease, from its claim until its outcome is recorded or it is given back. */
export class HeldTask {
  /** The attempt the start gate gave this worker; null before the gate. */
  attempt: number | null = null;
  /** Ends the running handler; null while none runs. */
  abort: ((reason: AbortReason) => void) | null = null;
  /** The cell it has or waits for; null while it has none to expect. */
  place: Place | null = null;

  /**
   * @param trustedUntilMs Monotonic; until then the lease has certainly not run out, because it was counted from before
   *   the call that gave or renewed it.
   */
  constructor(
    readonly claim: Claim,
    public trustedUntilMs: number,
  ) {}

  get taskId(): string {
    return this.claim.taskId;
  }
}

/** Every task this worker holds: what is renewed and what a cancel is looked up in. */
export class HeldTasks {
  /** By token, not by task: after a rescue one worker may hold two claims of one task. */
  private readonly byToken = new Map<string, HeldTask>();

  /** @param renewals Is told of every hold, so that it can renew those while this loop is busy. */
  constructor(private readonly renewals: Pick<RenewalThread, 'hold' | 'release'>) {}

  add(claim: Claim, trustedUntilMs: number): HeldTask {
    const held = new HeldTask(claim, trustedUntilMs);
    this.byToken.set(claim.token, held);
    this.renewals.hold(claim.queue, claim);
    return held;
  }

  remove(held: HeldTask): void {
    this.byToken.delete(held.claim.token);
    this.renewals.release(held.claim);
  }

  byClaimToken(token: string): HeldTask | undefined {
    return this.byToken.get(token);
  }

  ofQueue(queue: string): HeldTask[] {
    return this.all().filter((held) => held.claim.queue === queue);
  }

  /** The running attempt of a task, if it is this worker's. */
  running(taskId: string): HeldTask | undefined {
    return this.all().find((held) => held.taskId === taskId && held.abort !== null);
  }

  all(): HeldTask[] {
    return [...this.byToken.values()];
  }

  get size(): number {
    return this.byToken.size;
  }
}
