import { Program, ServiceConfig, Shutdown } from '@millrace/runtime';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ScheduleExplorer } from './schedule-explorer';
import { SchedulerService } from './scheduler.service';

/** Starts the scheduler once every provider stands, and stops it first of all. A cell has none: its service keeps the schedules. */
@Injectable()
export class SchedulerLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly scheduler: SchedulerService,
    private readonly explorer: ScheduleExplorer,
    private readonly config: ServiceConfig,
    private readonly shutdown: Shutdown,
    private readonly program: Program,
  ) {}

  onApplicationBootstrap(): void {
    if (this.program.role === 'cell') return;
    this.explorer.explore();
    this.scheduler.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    const hastened = new Promise<void>((resolve) => {
      if (this.shutdown.hastened.aborted) resolve();
      else this.shutdown.hastened.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([this.scheduler.stop(this.config.shutdownTimeoutMs), hastened]);
  }
}
