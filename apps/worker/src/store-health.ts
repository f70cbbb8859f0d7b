import { Queues, RedisConnections } from '@millrace/queue';
import { LoopWatch, Metrics, Readiness, StoreHealth } from '@millrace/runtime';
import { requiredSchemaVersion, Store } from '@millrace/store';
import type { Provider } from '@nestjs/common';

/** A worker without Redis takes nothing. */
export const STORE_HEALTH: Provider = {
  provide: StoreHealth,
  inject: [Store, RedisConnections, Queues, Readiness, Metrics, LoopWatch],
  useFactory: (
    postgres: Store,
    redis: RedisConnections,
    queues: Queues,
    readiness: Readiness,
    metrics: Metrics,
    watch: LoopWatch,
  ) =>
    new StoreHealth(
      { postgres, requiredSchemaVersion, redis, redisNeed: 'required', evictionPolicy: () => queues.evictionPolicy() },
      { readiness, metrics, watch },
    ),
};
