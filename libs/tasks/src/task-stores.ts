import { Queues, RedisConnections } from '@millrace/queue';
import { requiredSchemaVersion, Store } from '@millrace/store';
import { Injectable } from '@nestjs/common';

/** The two stores as the health of a service looks at them. */
@Injectable()
export class TaskStores {
  readonly requiredSchemaVersion = requiredSchemaVersion;

  constructor(
    readonly postgres: Store,
    readonly redis: RedisConnections,
    private readonly queues: Queues,
  ) {}

  /** Redis' `maxmemory-policy`; null when it does not tell. Throws `QueueUnavailable`. */
  evictionPolicy(): Promise<string | null> {
    return this.queues.evictionPolicy();
  }
}
