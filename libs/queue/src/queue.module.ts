import {
  Global,
  Inject,
  Logger,
  Module,
  type DynamicModule,
  type FactoryProvider,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
  type Type,
} from '@nestjs/common';
import { CancelSignals } from './cancel-signals';
import { RedisConnections } from './connections';
import { createQueues, type QueueAccess } from './create-queues';
import { QueueClient } from './queue-client';
import { UnsupportedRedis } from './queue-errors';
import { QueueOptions } from './queue-options';
import { Queues } from './queues';
import { RateLimiter } from './rate-limiter';

const QUEUE_ACCESS = Symbol('QueueAccess');

/** How to obtain the `QueueOptions` from other providers. */
export type QueueModuleOptions = Pick<FactoryProvider<QueueOptions>, 'inject' | 'useFactory'>;

/** Provides the queue library to a whole Nest application. */
@Global()
@Module({})
export class QueueModule implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(QueueModule.name);

  constructor(@Inject(QUEUE_ACCESS) private readonly access: QueueAccess) {}

  static forRoot({ inject = [], useFactory }: QueueModuleOptions): DynamicModule {
    const parts = [
      part(RedisConnections, ({ connections }) => connections),
      part(Queues, ({ queues }) => queues),
      part(QueueClient, ({ client }) => client),
      part(CancelSignals, ({ cancels }) => cancels),
      part(RateLimiter, ({ rateLimiter }) => rateLimiter),
    ];
    return {
      module: QueueModule,
      providers: [
        { provide: QueueOptions, inject, useFactory },
        { provide: QUEUE_ACCESS, inject: [QueueOptions], useFactory: createQueues },
        ...parts,
      ],
      exports: [RedisConnections, Queues, QueueClient, CancelSignals, RateLimiter],
    };
  }

  /** Stops the start-up when this Redis can never serve; one that is only away is waited for while running. */
  async onModuleInit(): Promise<void> {
    try {
      await this.access.connections.verify();
    } catch (error) {
      if (error instanceof UnsupportedRedis) throw error;
      this.logger.warn('Starting without Redis', { error: String(error) });
    }
  }

  /** The last phase: loops that use the queue stop in the ones before. */
  async onApplicationShutdown(): Promise<void> {
    await this.access.close();
  }
}

function part<T>(provide: Type<T>, useFactory: (access: QueueAccess) => T): Provider {
  return { provide, inject: [QUEUE_ACCESS], useFactory };
}
