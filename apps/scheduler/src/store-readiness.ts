import { Queues, RedisConnections } from '@millrace/queue';
import { Readiness } from '@millrace/runtime';
import { requiredSchemaVersion, Store } from '@millrace/store';
import { Injectable, type OnModuleInit } from '@nestjs/common';

/**
 * The scheduler is ready when the database is there and migrated. Without Redis it still records what its schedules
 * submit, so that is only said.
 */
@Injectable()
export class StoreReadiness implements OnModuleInit {
  constructor(
    private readonly readiness: Readiness,
    private readonly store: Store,
    private readonly connections: RedisConnections,
    private readonly queues: Queues,
  ) {}

  onModuleInit(): void {
    this.readiness.add({ name: 'postgres', need: 'required', check: () => this.checkSchema() });
    this.readiness.add({ name: 'redis', need: 'helpful', check: () => this.checkRedis() });
  }

  private async checkSchema(): Promise<Readonly<Record<string, unknown>>> {
    await this.store.ping();
    const version = await this.store.schemaVersion();
    if (version < requiredSchemaVersion) {
      throw new Error(`the database has schema ${version}, needed is ${requiredSchemaVersion}: run the migration`);
    }
    return { schema_version: version };
  }

  private async checkRedis(): Promise<Readonly<Record<string, unknown>>> {
    await this.connections.ping();
    const policy = await this.queues.evictionPolicy();
    if (policy !== null && policy !== 'noeviction') {
      throw new Error(`maxmemory-policy is ${policy}; only noeviction keeps every queued task`);
    }
    return {};
  }
}
