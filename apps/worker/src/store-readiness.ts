import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RedisConnections } from '@millrace/queue';
import { Readiness } from '@millrace/runtime';
import { requiredSchemaVersion, Store } from '@millrace/store';

/** Tells readiness about the two stores. A worker without Redis takes nothing; one without PostgreSQL can start nothing. */
@Injectable()
export class StoreReadiness implements OnModuleInit {
  constructor(
    private readonly readiness: Readiness,
    private readonly store: Store,
    private readonly redis: RedisConnections,
  ) {}

  onModuleInit(): void {
    this.readiness.add({ name: 'postgres', need: 'required', check: () => this.checkSchema() });
    this.readiness.add({ name: 'redis', need: 'required', check: () => this.redis.ping() });
  }

  private async checkSchema(): Promise<void> {
    await this.store.ping();
    const version = await this.store.schemaVersion();
    if (version < requiredSchemaVersion) {
      throw new Error(
        `the database is at version ${version}, this worker needs ${requiredSchemaVersion}: run the migration`,
      );
    }
  }
}
