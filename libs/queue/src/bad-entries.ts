import { Logger } from '@nestjs/common';
import { chunksOf } from './chunks';
import type { RedisConnections } from './connections';
import type { QueueKeys } from './keys';
import type { BadHold } from './queue-entries';
import type { BadEntriesListener } from './queue-options';
import { HOLD_BATCH } from './renew-holds';
import { scripts } from './scripts';

/** `P:bad` keeps the newest so many entries, and so many bytes of each. */
export const BAD_KEPT = 1_000;
export const BAD_BYTES = 4_096;
/** A reason names the place of the fault, which may be long. */
const REASON_LENGTH = 256;

/** Entries of one queue that nothing can be made of: kept for a person to look at, each with the reason, and counted. */
export class BadEntries {
  private readonly logger = new Logger(BadEntries.name);

  constructor(
    private readonly queue: string,
    private readonly connections: RedisConnections,
    private readonly keys: QueueKeys,
    private readonly listener: BadEntriesListener,
  ) {}

  /** Sets held entries aside. */
  async setAside(holds: readonly BadHold[]): Promise<void> {
    if (holds.length === 0) return;
    const { processing, leases, bad } = this.keys;
    for (const chunk of chunksOf(holds, HOLD_BATCH)) {
      const args = [
        BAD_KEPT,
        BAD_BYTES,
        ...chunk.flatMap(({ taskId, token, reason, json = '' }) => [
          taskId,
          token,
          reason.slice(0, REASON_LENGTH),
          json.slice(0, BAD_BYTES),
        ]),
      ];
      await this.connections.run((redis) => scripts.discard.run(redis, [processing, leases, bad], args));
    }
    this.report(holds.length);
  }

  /** Tells of entries that a script has set aside. */
  report(count: number): void {
    if (count === 0) return;
    this.logger.warn('Unreadable entries set aside', { queue: this.queue, count });
    this.listener(this.queue, count);
  }
}
