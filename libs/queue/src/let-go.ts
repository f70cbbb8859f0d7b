import { chunksByBytes, chunksOf } from './chunks';
import type { QueueKeys } from './keys';
import type { Hold, Returned } from './queue-entries';
import { encodeQueueTask } from './queue-task-codec';
import { HOLD_BATCH, type RunScript } from './renew-holds';
import { scripts } from './scripts';

/** See `TaskQueue.ack`. */
export async function ackHolds(
  run: RunScript,
  { processing, leases }: Pick<QueueKeys, 'processing' | 'leases'>,
  holds: readonly Hold[],
): Promise<number> {
  let released = 0;
  for (const chunk of chunksOf(holds, HOLD_BATCH))
    released += await run(scripts.ack, [processing, leases], byToken(chunk));
  return released;
}

/** See `TaskQueue.putBack`. */
export async function putBackClaims(
  run: RunScript,
  { idx, processing, leases, delayed, ready }: QueueKeys,
  { claims, delayMs }: { readonly claims: readonly Returned[]; readonly delayMs: number },
): Promise<number> {
  const items = claims.map(({ taskId, token, attempt, priority, json, as }) => {
    if (as) return { hold: [taskId, token, as.priority ?? 0, 'replacement'], json: encodeQueueTask(as) };
    // What others wrote is in Redis byte for byte.
    return { hold: [taskId, token, priority, 'entry'], json: attempt === null ? '' : json };
  });
  let returned = 0;
  // The last piece first: each is put to the right of the one before.
  for (const chunk of chunksOf(items, HOLD_BATCH).flatMap(chunksByBytes).reverse())
    returned += await run(
      scripts.putBack,
      [idx, processing, leases, delayed, ...ready],
      [Math.max(0, Math.ceil(delayMs)), ...chunk.flatMap(({ hold, json }) => [...hold, json])],
    );
  return returned;
}

/** Holds as a script reads them: what one claim took has its token once. */
function byToken(holds: readonly Hold[]): (string | number)[] {
  const groups = new Map<string, string[]>();
  for (const { taskId, token } of holds) {
    const ids = groups.get(token);
    if (ids) ids.push(taskId);
    else groups.set(token, [taskId]);
  }
  const args: (string | number)[] = [];
  for (const [token, ids] of groups) args.push(token, ids.length, ...ids);
  return args;
}
