import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { RedisConnections } from './connections';
import { cancelChannel } from './keys';
import type { QueueOptions } from './queue-options';

/**
 * Tells running workers at once that someone asked to cancel a task. Only a hint: it may be lost, and workers look up
 * the requests in the record from time to time.
 */
export class CancelSignals {
  private readonly logger = new Logger(CancelSignals.name);
  private readonly listeners = new Set<(taskId: string) => void>();
  private readonly channel: string;
  private redis: Redis | undefined;

  constructor(
    private readonly connections: RedisConnections,
    options: QueueOptions,
  ) {
    this.channel = cancelChannel(options.prefix);
  }

  /** Never throws: the request itself is recorded before. */
  async publish(taskId: string): Promise<void> {
    try {
      await this.connections.run((redis) => redis.publish(this.channel, taskId));
    } catch (error) {
      this.logger.debug('Cancel signal not sent', { taskId, error: String(error) });
    }
  }

  /** Calls the listener for every signal from now on. Returns a function that ends it. */
  subscribe(listener: (taskId: string) => void): () => void {
    this.listeners.add(listener);
    this.start();
    return () => void this.listeners.delete(listener);
  }

  private start(): void {
    if (this.redis) return;
    const redis = this.connections.listen('cancel');
    this.redis = redis;
    redis.on('message', (_channel: string, taskId: string) => {
      for (const listener of this.listeners) listener(taskId);
    });
    // Also after every reconnect.
    redis.on('ready', () => {
      redis
        .subscribe(this.channel)
        .catch((error: unknown) => this.logger.warn('Cancel signals are not received', { error: String(error) }));
    });
  }
}
