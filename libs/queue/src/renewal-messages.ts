import type { MessagePort } from 'node:worker_threads';
import type { Hold } from './queue-entries';

/** What the renewal thread is started with. */
export interface RenewalThreadData {
  /** From where the thread finds npm packages. */
  readonly moduleUrl: string;
  readonly redisUrl: string;
  readonly prefix: string;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly deadLoopMs: number;
  readonly queues: readonly string[];
  readonly memory: SharedArrayBuffer;
  /** Where `HoldChanges` arrive. */
  readonly port: MessagePort;
}

/** One task held in one queue. */
export interface QueueHold extends Hold {
  readonly queue: string;
}

/**
 * Holds as text, `queue taskId token` a line: copying objects to another thread costs ten times as much, for every task there is.
 * `more` are new ones, `all` takes the place of everything said before.
 */
export interface HoldsMessage {
  readonly kind: 'more' | 'all';
  readonly holds: string;
}

/** None of the parts can hold a space. */
export function encodeHolds(kind: HoldsMessage['kind'], holds: readonly QueueHold[]): HoldsMessage {
  return { kind, holds: holds.map(({ queue, taskId, token }) => `${queue} ${taskId} ${token}`).join('\n') };
}

/** The holds of a text that `encodeHolds` made. */
export function readHolds(text: string): QueueHold[] {
  if (text === '') return [];
  return text.split('\n').map((line) => {
    const [queue = '', taskId = '', token = ''] = line.split(' ');
    return { queue, taskId, token };
  });
}
