import { Injectable, type OnModuleInit } from '@nestjs/common';
import { SchedulerConfig } from '../scheduler.config';
import { SchedulerService } from '@millrace/scheduling';

/**
 * The example to copy: asks another system, every quarter of an hour, to take over what changed. Switched off unless
 * `SYNC_ENABLED` is true. The worker's `http_request` handler makes the call, retries it, and records the answer.
 */
@Injectable()
export class ThirdPartySync implements OnModuleInit {
  constructor(
    private readonly scheduler: SchedulerService,
    private readonly config: SchedulerConfig,
  ) {}

  onModuleInit(): void {
    if (!this.config.syncEnabled) return;
    this.scheduler.addJob('*/15 * * * *', 'third-party-sync', {
      type: 'http_request',
      payload: { method: 'POST', url: this.config.syncUrl },
      options: {
        maxRetry: 5,
        retryDelay: '30s',
        timeout: '1m',
        // A slow sync is not overtaken by the next one.
        overlap: 'skip',
      },
    });
  }
}
