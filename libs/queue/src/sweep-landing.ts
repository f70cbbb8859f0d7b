import type { RedisConnections } from './connections';
import type { QueueKeys } from './keys';
import { scripts } from './scripts';

/** Entries that one sweep takes from one landing list; it holds one or two. */
const LANDING_LIMIT = 1_000;

/**
 * Gives back what landed for a worker and forgets the worker, unless it was heard from within `olderThanMs`. Returns how
 * many tasks that were; negative when it was heard from. Throws `QueueUnavailable`.
 */
export function sweepLanding(
  connections: RedisConnections,
  { workers, landing, tasks }: QueueKeys,
  { workerId, olderThanMs }: { readonly workerId: string; readonly olderThanMs: number },
): Promise<number> {
  const args = [workerId, olderThanMs, LANDING_LIMIT];
  return connections.run((redis) => scripts.sweep.run(redis, [workers, landing(workerId), tasks], args));
}
