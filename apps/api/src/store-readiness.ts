import { Injectable, type OnModuleInit } from '@nestjs/common';
import { RedisConnections } from '@millrace/queue';
import { Readiness } from '@millrace/runtime';
import { requiredSchemaVersion, Store } from '@millrace/store';

/** Without PostgreSQL the api can do nothing; without Redis it still records and reads. */
@Injectable()
export class StoreReadiness implements OnModuleInit {
  constructor(
    private readonly readiness: Readiness,
    private readonly store: Store,
    private readonly redis: RedisConnections,
  ) {}

  onModuleInit(): void {
    this.readiness.add({ name: 'postgres', need: 'required', check: () => this.checkStore() });
    this.readiness.add({ name: 'redis', need: 'helpful', check: () => this.redis.ping() });
  }

  private async checkStore(): Promise<{ schemaVersion: number }> {
    await this.store.ping();
    const schemaVersion = await this.store.schemaVersion();
    if (schemaVersion >= requiredSchemaVersion) return { schemaVersion };
    throw new Error(`the schema has version ${schemaVersion}, ${requiredSchemaVersion} is needed; run the migrations`);
  }
}
