import {
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
  type Provider,
  type Type,
} from '@nestjs/common';
import { LoopWatch } from './loop-watch';
import { Metrics } from './metrics';
import { Periodic } from './periodic';
import { Readiness, type ReadinessCheck } from './readiness';

/** How often Redis is asked for its eviction policy: an operator may change it while it runs. */
const EVICTION_EVERY_MS = 30_000;

/** How to ask the two stores of a service; this library knows neither of them. Each throws when its store does not answer. */
export interface StoreProbes {
  readonly postgres: { ping(): Promise<void>; schemaVersion(): Promise<number> };
  /** The service works with a database of this version or a later one. */
  readonly requiredSchemaVersion: number;
  readonly redis: { ping(): Promise<void> };
  /** Redis' `maxmemory-policy`; null when it does not tell. */
  evictionPolicy(): Promise<string | null>;
}

/** What a service has beside its stores. */
export interface StoreHealthParts {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly watch: LoopWatch;
  /** `required` where the service is of no use without Redis. */
  readonly redisNeed: ReadinessCheck['need'];
}

/**
 * Tells in every service alike how its stores are.
 *
 * - Readiness needs PostgreSQL, migrated far enough.
 * - A Redis that may evict drops waiting tasks when it is full, and they wait until a repair finds them: that is an error
 *   in the log once, a metric, a degraded readiness and a line in `/stats`, but no reason to refuse work.
 */
export class StoreHealth implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(StoreHealth.name);
  private readonly loop: Periodic;
  private readonly evicts;
  private policy: string | null = null;

  constructor(
    private readonly probes: StoreProbes,
    private readonly parts: StoreHealthParts,
  ) {
    const { metrics, watch } = parts;
    this.evicts = metrics.gauge({
      name: 'millrace_redis_may_evict',
      help: 'Whether the maxmemory-policy of Redis lets it drop waiting tasks (1) or is noeviction (0).',
    });
    this.loop = new Periodic({
      name: 'check-eviction',
      intervalMs: EVICTION_EVERY_MS,
      runOnce: () => this.lookAtEviction(),
      metrics,
      watch,
      // That Redis is away is said elsewhere; until it is back the last answer stands.
      logger: { error: () => undefined },
    });
  }

  /** What Redis answered last about its `maxmemory-policy`; null when it never told. */
  get evictionPolicy(): string | null {
    return this.policy;
  }

  onModuleInit(): void {
    const { readiness, redisNeed } = this.parts;
    const { redis } = this.probes;
    readiness.add({ name: 'postgres', need: 'required', check: () => this.checkSchema() });
    readiness.add({ name: 'redis', need: redisNeed, check: () => redis.ping() });
    readiness.add({ name: 'redis_eviction', need: 'helpful', check: () => this.checkEviction() });
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** Asks Redis, and says it loudly when the answer has become a dangerous one. Throws when Redis does not answer. */
  async lookAtEviction(): Promise<void> {
    const before = this.policy;
    this.policy = await this.probes.evictionPolicy();
    this.evicts.set(mayEvict(this.policy) ? 1 : 0);
    if (this.policy === before) return;
    if (mayEvict(this.policy)) {
      this.logger.error('Redis may drop waiting tasks when it is full; set maxmemory-policy to noeviction', {
        policy: this.policy,
      });
    } else if (mayEvict(before)) {
      this.logger.log('Redis does not drop waiting tasks any more', { policy: this.policy });
    }
  }

  private async checkSchema(): Promise<Readonly<Record<string, unknown>>> {
    const { postgres, requiredSchemaVersion } = this.probes;
    await postgres.ping();
    const version = await postgres.schemaVersion();
    if (version < requiredSchemaVersion) {
      throw new Error(`the database has schema ${version}, needed is ${requiredSchemaVersion}: run the migration`);
    }
    return { schema_version: version };
  }

  private async checkEviction(): Promise<Readonly<Record<string, unknown>>> {
    await this.lookAtEviction();
    if (mayEvict(this.policy)) {
      throw new Error(`maxmemory-policy is ${this.policy}; only noeviction keeps every waiting task`);
    }
    return { policy: this.policy };
  }
}

/** Makes the health of the stores that an injectable `Probes` can ask part of a service. */
export function storeHealth(Probes: Type<StoreProbes>, redisNeed: StoreHealthParts['redisNeed']): Provider {
  return {
    provide: StoreHealth,
    inject: [Probes, Readiness, Metrics, LoopWatch],
    useFactory: (probes: StoreProbes, readiness: Readiness, metrics: Metrics, watch: LoopWatch) =>
      new StoreHealth(probes, { readiness, metrics, watch, redisNeed }),
  };
}

function mayEvict(policy: string | null): boolean {
  return policy !== null && policy !== 'noeviction';
}
