import { chunksOf, groupsOf } from './chunks';
import type { QueueKeys } from './keys';
import type { Hold, LostHold } from './queue-entries';
import type { Script } from './script';
import { scripts } from './scripts';

/** Holds that one call of a script reads; each is read with its whole entry. */
export const HOLD_BATCH = 100;

/** What is renewed in one queue: the holds, and in any case the worker's sign of life. */
export interface Renewal {
  readonly workerId: string;
  readonly leaseMs: number;
  readonly holds: readonly Hold[];
  /** The worker counts as heard from until so much later. Default 0: until now. */
  readonly aheadMs?: number;
}

/** Runs one script of the protocol. */
export type RunScript = <Reply>(
  script: Script<Reply>,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<Reply>;

/** Marks a worker as alive and extends its leases in one queue. Returns the holds that could not be extended. */
export async function renewHolds(
  run: RunScript,
  { processing, leases, workers }: Pick<QueueKeys, 'processing' | 'leases' | 'workers'>,
  { workerId, leaseMs, holds, aheadMs = 0 }: Renewal,
): Promise<LostHold[]> {
  const lost: LostHold[] = [];
  for (const chunk of holds.length > 0 ? chunksOf(holds, HOLD_BATCH) : [[]]) {
    const fields = await run(
      scripts.renew,
      [processing, leases, workers],
      [workerId, leaseMs, aheadMs, ...chunk.flatMap(({ taskId, token }) => [taskId, token])],
    );
    for (const [taskId, reason] of groupsOf(fields, 2))
      lost.push({ taskId, reason: reason === 'missing' ? 'missing' : 'other' });
  }
  return lost;
}
