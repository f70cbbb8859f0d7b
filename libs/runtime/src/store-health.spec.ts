import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LoopWatch } from './loop-watch';
import { Metrics } from './metrics';
import { Readiness } from './readiness';
import { StoreHealth, type StoreProbes } from './store-health';

const logged: string[] = [];

beforeEach(() => {
  vi.spyOn(Logger.prototype, 'error').mockImplementation(() => logged.push('error'));
  vi.spyOn(Logger.prototype, 'log').mockImplementation(() => logged.push('info'));
});

afterEach(() => {
  vi.restoreAllMocks();
  logged.length = 0;
});

function healthOf(probes: Partial<StoreProbes>) {
  const answers = async () => undefined;
  const readiness = new Readiness();
  const metrics = new Metrics();
  const health = new StoreHealth(
    {
      postgres: { ping: answers, schemaVersion: async () => 5 },
      requiredSchemaVersion: 5,
      redis: { ping: answers },
      evictionPolicy: async () => 'noeviction',
      ...probes,
    },
    { readiness, metrics, watch: new LoopWatch(), redisNeed: 'helpful' },
  );
  health.onModuleInit();
  const check = (name: string) => readiness.checks.find((one) => one.name === name);
  const gauge = async () =>
    (await metrics.registry.getSingleMetric('millrace_redis_may_evict')?.get())?.values[0]?.value;
  return { health, check, gauge };
}

test('a database that is not migrated far enough is not ready, and says what to do', async () => {
  const { check } = healthOf({ requiredSchemaVersion: 6 });

  expect(check('postgres')?.need).toBe('required');
  await expect(check('postgres')?.check()).rejects.toThrow('run the migration');
  expect(await healthOf({}).check('postgres')?.check()).toEqual({ schema_version: 5 });
});

test('a Redis that may evict is an error once, a metric, and degrades readiness without ending it', async () => {
  let policy = 'allkeys-lru';
  const { health, check, gauge } = healthOf({ evictionPolicy: async () => policy });

  await health.lookAtEviction();
  await health.lookAtEviction();
  expect(logged).toEqual(['error']);
  expect(await gauge()).toBe(1);
  expect(health.evictionPolicy).toBe('allkeys-lru');
  expect(check('redis_eviction')?.need).toBe('helpful');
  await expect(check('redis_eviction')?.check()).rejects.toThrow('only noeviction');

  policy = 'noeviction';
  expect(await check('redis_eviction')?.check()).toEqual({ policy: 'noeviction' });
  expect(logged).toEqual(['error', 'info']);
  expect(await gauge()).toBe(0);
});

test('a Redis that does not tell its policy is not accused', async () => {
  const { check, gauge } = healthOf({ evictionPolicy: async () => null });

  expect(await check('redis_eviction')?.check()).toEqual({ policy: null });
  expect(await gauge()).toBe(0);
  expect(logged).toEqual([]);
});
