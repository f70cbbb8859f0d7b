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

/** What the worker holds since the last message, and the tokens of what it holds no more. */
export interface HoldChanges {
  readonly held: readonly QueueHold[];
  readonly released: readonly string[];
}
