import { Module } from '@nestjs/common';
import { DutiesModule } from '../duties/duties.module';
import { SchedulingModule } from '../scheduling/scheduling.module';
import { CleanupFiles } from './cleanup-files';
import { QueueInspection } from './queue-inspection';
import { Retention } from './retention';
import { ThirdPartySync } from './third-party-sync';

/** The schedules that ship with Millrace; add yours to the list. */
@Module({
  imports: [SchedulingModule, DutiesModule],
  providers: [Retention, QueueInspection, CleanupFiles, ThirdPartySync],
})
export class SchedulesModule {}
