import { CancelSignals } from './cancel-signals';
import { RedisConnections } from './connections';
import { QueueClient } from './queue-client';
import type { QueueOptions } from './queue-options';
import { Queues } from './queues';
import { RateLimiter } from './rate-limiter';

/** Everything of this library on one set of connections. */
export interface QueueAccess {
  readonly connections: RedisConnections;
  readonly queues: Queues;
  readonly client: QueueClient;
  readonly cancels: CancelSignals;
  readonly rateLimiter: RateLimiter;
  /** Ends every connection within a second. */
  close(): Promise<void>;
}

/** Connects to Redis, without Nest. Returns at once; whether Redis answers shows in the first call. */
export function createQueues(options: QueueOptions): QueueAccess {
  const connections = new RedisConnections(options);
  const queues = new Queues(connections, options);
  return {
    connections,
    queues,
    client: new QueueClient(connections, queues, options),
    cancels: new CancelSignals(connections, options),
    rateLimiter: new RateLimiter(connections, options),
    close: () => connections.close(),
  };
}
