export { parseCron, type CronExpression } from './cron-expression';
export {
  dueAtOf,
  MAX_COUNTED_MISSES,
  ON_TIME_MS,
  planDueSlots,
  type DueRequest,
  type DueSlots,
  type MisfireRule,
} from './due-slots';
export { parseExclusion, type Exclusion } from './exclusion';
export { hasFailedRepeatedly } from './failure-pause';
export { CronSyntaxError, InvalidSchedule, type ScheduleFault } from './invalid-schedule';
export { jitterOfSlot } from './jitter';
export { latestSlot, nextSlot, nextSlots } from './next-slots';
export { decideOverlap, type OverlapDecision, type UnderWay } from './overlap';
export { checkPayloadTemplate, fillPayload, localTime, type SlotFacts } from './payload-template';
export { parseSpec, type ScheduleSpec, type SpecInput, type SpecRule } from './schedule-spec';
export { noteOfSlot } from './slot-note';
export { timeZoneFault } from './time-zone-fault';
export { findTimeZone, TimeZone, ZONE_DATA_VERSION, type ZonePeriod } from './time-zone';
