import { Queues, RedisConnections } from '@millrace/queue';
import { LoopWatch, Metrics, Readiness, StoreHealth } from '@millrace/runtime';
import { requiredSchemaVersion, Store } from '@millrace/store';
import type { Provider } from '@nestjs/common';

/** Without Redis the scheduler still records what its schedules submit. */
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
      { postgres, requiredSchemaVersion, redis, redisNeed: 'helpful', evictionPolicy: () => queues.evictionPolicy() },
      { readiness, metrics, watch },
    ),
};
