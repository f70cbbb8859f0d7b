import { Injectable, type OnModuleInit } from '@nestjs/common';
import { SchedulerConfig } from '../scheduler.config';
import { SchedulerService } from '@millrace/scheduling';

/** Removes expired artifacts from `CLEANUP_FOLDERS` every night, one task a folder, unless `CLEANUP_ENABLED` says no. */
@Injectable()
export class CleanupFiles implements OnModuleInit {
  constructor(
    private readonly scheduler: SchedulerService,
    private readonly config: SchedulerConfig,
  ) {}

  onModuleInit(): void {
    if (!this.config.cleanupEnabled) return;
    this.config.cleanupFolders.forEach((folder, index) => {
      this.scheduler.addJob('30 3 * * *', `cleanup-files.${index + 1}`, {
        type: 'cleanup_files',
        payload: { folder, older_than: this.config.cleanupOlderThanMs },
        options: { timeout: '1h' },
      });
    });
  }
}
