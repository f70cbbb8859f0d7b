export { AttemptEntity } from './attempt.entity';
export { ScheduleEntity } from './schedule.entity';
export { TaskEntity } from './task.entity';
export { WorkerEntity, type TypeInfo } from './worker.entity';
