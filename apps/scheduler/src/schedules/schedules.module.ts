import { Module } from '@nestjs/common';
import { DutiesModule } from '../duties/duties.module';
import { CleanupFiles } from './cleanup-files';
import { QueueInspection } from './queue-inspection';
import { Retention } from './retention';
import { ThirdPartySync } from './third-party-sync';

/** The schedules that ship with Millrace; add yours to the list. */
@Module({
  imports: [DutiesModule],
  providers: [Retention, QueueInspection, CleanupFiles, ThirdPartySync],
})
export class SchedulesModule {}
