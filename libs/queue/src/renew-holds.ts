import { chunksOf, groupsOf } from './chunks';
import type { QueueKeys } from './keys';
import type { Hold, LostHold } from './queue-entries';
import type { Script } from './script';
import { scripts } from './scripts';

/** Holds that one call of a script reads; each is read with its whole entry. */
export const HOLD_BATCH = 100;

/** What is renewed in one queue: the holds, and the worker's sign of life, also when it holds nothing. */
export interface Renewal {
  /** Null: the holds alone. */
  readonly workerId: string | null;
  readonly leaseMs: number;
  readonly holds: readonly Hold[];
}

/** Runs one script of the protocol. */
export type RunScript = <Reply>(
  script: Script<Reply>,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<Reply>;

/** Extends leases in one queue and marks their worker as alive. Returns the holds that could not be extended. */
export async function renewHolds(
  run: RunScript,
  { processing, leases, workers }: Pick<QueueKeys, 'processing' | 'leases' | 'workers'>,
  { workerId, leaseMs, holds }: Renewal,
): Promise<LostHold[]> {
  const lost: LostHold[] = [];
  for (const chunk of holds.length > 0 ? chunksOf(holds, HOLD_BATCH) : [[]]) {
    const fields = await run(
      scripts.renew,
      [processing, leases, workers],
      [workerId ?? '', leaseMs, ...chunk.flatMap(({ taskId, token }) => [taskId, token])],
    );
    for (const [taskId, reason] of groupsOf(fields, 2))
      lost.push({ taskId, reason: reason === 'missing' ? 'missing' : 'other' });
  }
  return lost;
}
