import 'reflect-metadata';
import { bootstrap } from '@millrace/runtime';
import { SCHEDULER_SERVICE } from './scheduler-service';
import { SchedulerConfig } from './scheduler.config';
import { SchedulerModule } from './scheduler.module';

await bootstrap(SchedulerModule, { ...SCHEDULER_SERVICE, config: SchedulerConfig, port: 'schedulerPort' });
