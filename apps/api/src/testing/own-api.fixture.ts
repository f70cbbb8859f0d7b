import { migrate } from '@millrace/store';
import { testDatabase, testRedis, type TestRedis } from '@millrace/testing';
import type { Environment } from '@millrace/runtime';
import { startApi, type RunningApi } from './start-api';

/** An api with stores that nobody else uses. */
export interface OwnApi extends RunningApi {
  readonly redis: TestRedis;
}

/** Starts an api on stores of its own; `close` removes them too. */
export async function startOwnApi(env: Environment = {}): Promise<OwnApi> {
  const [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  await migrate(database.url, () => undefined);
  const api = await startApi({
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    QUEUE_REDIS_PREFIX: redis.prefix,
    ...env,
  });
  return {
    ...api,
    redis,
    close: async () => {
      await api.close();
      await Promise.all([database.drop(), redis.close()]);
    },
  };
}
