import { randomBytes } from 'node:crypto';
import { BAD_BYTES, BAD_KEPT } from './bad-entries';
import type { QueueKeys } from './keys';
import type { BadHold, Claim } from './queue-entries';
import { leadingId, readTaken } from './read-taken';
import type { ClaimReply } from './scripts';

/** Most tasks that one claim or promote takes. */
export const BATCH_LIMIT = 500;
/** An entry that Millrace did not write may have at most this many bytes. */
export const RAW_ENTRY_BYTES = 1024 * 1024;

export interface ClaimLimits {
  readonly workerId: string;
  /** Most tasks; more than 500 count as 500. */
  readonly limit: number;
  readonly leaseMs: number;
}

/** A call of the claim script: of `any` task that is ready, or of any only when something has `landed` for the worker. */
export function claimCall(
  { idx, processing, leases, bad, workers, landing, ready }: QueueKeys,
  { workerId, limit, leaseMs }: ClaimLimits,
  what: 'any' | 'landed',
) {
  const token = newToken();
  return {
    token,
    keys: [idx, processing, leases, bad, workers, landing(workerId), ...ready],
    args: [workerId, Math.min(limit, BATCH_LIMIT), leaseMs, token, RAW_ENTRY_BYTES, BAD_KEPT, BAD_BYTES, what],
  };
}

/** What a call has claimed, what of it is no entry after all, and how many entries the script has set aside. */
export function readClaims(
  [unreadable, ...taken]: ClaimReply,
  {
    queue,
    token,
    maxPayloadBytes,
  }: { readonly queue: string; readonly token: string; readonly maxPayloadBytes: number },
): { readonly claims: Claim[]; readonly malformed: BadHold[]; readonly unreadable: number } {
  const claims: Claim[] = [];
  const malformed: BadHold[] = [];
  for (const item of taken) {
    const [taskId, json] = typeof item === 'string' ? [leadingId(item), item] : item;
    const read = readTaken(taskId, json, maxPayloadBytes);
    if ('fault' in read) malformed.push({ taskId, token, reason: read.fault, json });
    else claims.push({ taskId, token, queue, json, ...read });
  }
  return { claims, malformed, unreadable };
}

const PROCESS = randomBytes(12).toString('base64url');
let lastCall = 0;

/** Unique to one claim, and the token of all that it takes. */
function newToken(): string {
  lastCall += 1;
  return `${PROCESS}.${lastCall.toString(36)}`;
}
