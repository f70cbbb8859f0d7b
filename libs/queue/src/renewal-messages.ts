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

/**
 * What the worker holds since the last message (`queue taskId token`, a line each), and the tokens of what it holds no more (a
 * line each). As text, because copying objects to another thread costs ten times as much, for every task there is.
 */
export interface HoldChanges {
  readonly held: string;
  readonly released: string;
}

/** One task held in one queue, as a line; none of its parts can hold a space. */
export function holdLine(queue: string, { taskId, token }: Hold): string {
  return `${queue} ${taskId} ${token}`;
}

/** The holds and the tokens of a message. */
export function readChanges({ held, released }: HoldChanges): {
  readonly held: readonly (Hold & { readonly queue: string })[];
  readonly released: readonly string[];
} {
  return {
    held: linesOf(held).map((line) => {
      const [queue = '', taskId = '', token = ''] = line.split(' ');
      return { queue, taskId, token };
    }),
    released: linesOf(released),
  };
}

const linesOf = (text: string) => (text === '' ? [] : text.split('\n'));
