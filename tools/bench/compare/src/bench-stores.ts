import { join } from 'node:path';
import { freePort, startPostgres, startRedis, type Store } from '@millrace/stack';
import { migrate } from '@millrace/store';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { usedMemory } from '../../platform/memory.mjs';
import type { Places } from '../host/src/system';
import { SYSTEMS, type SystemName } from './systems';

/** What the servers are set to; the rest is their default. Stated in the report. */
export const STORE_SETTINGS = {
  postgres: 'fsync on, synchronous_commit on, shared_buffers 512 MB, else defaults',
  redis: 'no persistence, else defaults',
} as const;

const TEMPLATE = 'bench_template';

/** The stores of one measurement: a new database, and a Redis server that has seen nothing else. */
export interface FreshStores extends Places {
  readonly pids: { readonly postgres: number; readonly redis: number };
  /** Bytes that either store holds now. */
  sizes(): Promise<{ readonly postgres: number; readonly redis: number }>;
  /** Writes out what earlier work has left to be written, so that no measurement pays for it. */
  calm(): Promise<void>;
  close(): Promise<void>;
}

/** One PostgreSQL server for all measurements, and a Redis for each. */
export class BenchStores {
  private created = 0;

  private constructor(
    private readonly folder: string,
    private readonly postgres: Store,
    private readonly admin: Client,
  ) {}

  /** Starts PostgreSQL in a folder, which also gets the logs, and migrates the database that ours are copied from. */
  static async start(folder: string): Promise<BenchStores> {
    const postgres = await startPostgres({
      dataDir: join(folder, 'postgres'),
      durability: 'durable',
      log: join(folder, 'postgres.log'),
      settings: { shared_buffers: '512MB' },
    });
    const admin = new Client({ connectionString: postgres.url });
    await admin.connect();
    await admin.query(`CREATE DATABASE ${TEMPLATE}`);
    await migrate(urlOf(postgres, TEMPLATE));
    return new BenchStores(folder, postgres, admin);
  }

  async versions(): Promise<{ readonly postgres: string; readonly redis: string }> {
    const { rows } = await this.admin.query<{ server_version: string }>('SHOW server_version');
    const { redis, store } = await this.startRedis('versions');
    const version = /^redis_version:(.+)$/m.exec(await redis.info('server'))?.[1]?.trim();
    redis.disconnect();
    await store.stop();
    return { postgres: rows[0]?.server_version ?? 'unknown', redis: version ?? 'unknown' };
  }

  /** New stores for a system. */
  async fresh(system: SystemName): Promise<FreshStores> {
    const { schema } = SYSTEMS[system];
    const name = `bench_${++this.created}`;
    await this.admin.query(`CREATE DATABASE ${name}${schema === 'migrated' ? ` TEMPLATE ${TEMPLATE}` : ''}`);
    const { redis, store } = await this.startRedis(name);
    return {
      databaseUrl: urlOf(this.postgres, name),
      redisUrl: store.url,
      pids: { postgres: this.postgres.pid, redis: store.pid },
      sizes: async () => ({ postgres: await this.sizeOf(name), redis: await usedMemory(redis) }),
      calm: async () => void (await this.admin.query('CHECKPOINT')),
      close: async () => {
        redis.disconnect();
        await store.stop();
        await this.admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      },
    };
  }

  async stop(): Promise<void> {
    await this.admin.end();
    await this.postgres.stop();
  }

  private async startRedis(name: string): Promise<{ readonly redis: Redis; readonly store: Store }> {
    const store = await startRedis({
      dataDir: join(this.folder, `redis-${name}`),
      port: await freePort(0),
      persistence: 'none',
      log: join(this.folder, 'redis.log'),
    });
    return { redis: new Redis(store.url), store };
  }

  private async sizeOf(database: string): Promise<number> {
    const { rows } = await this.admin.query<{ size: string }>('SELECT pg_database_size($1) AS size', [database]);
    return Number(rows[0]?.size);
  }
}

function urlOf({ url }: Store, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
