export { formatDuration, InvalidDuration, parseDuration, type Duration } from './duration';
export {
  FAULT_POINTS,
  failpoint,
  MUTANTS,
  parseFailpoints,
  type Failure,
  type FaultPoint,
  type Mutant,
} from './fault-points';
export {
  BULK_LIMITS,
  DEFAULT_QUEUE,
  ERROR_MESSAGE_LIMIT,
  MAX_DURATION_MS,
  MAX_PRIORITY,
  MAX_RETRY_LIMIT,
  PAYLOAD_LIMITS,
  QUEUE_PATTERN,
  RESERVED_QUEUES,
  TASK_ID_PATTERN,
  TYPE_PATTERN,
} from './limits';
export { endOfString, findJsonFault, joinPath, type JsonFault } from './json-scan';
export { InvalidTask, type FieldError } from './invalid-task';
export {
  checkDuration,
  checkFreeType,
  checkInstant,
  checkQueueName,
  checkTaskOptions,
  checkText,
} from './option-rules';
export type { TaskOptions } from './options';
export { checkPayload, checkPayloadSize, isUnstorable, mendJson } from './payload-rules';
export type { QueueTask } from './queue-task';
export { InvalidRoutes, parseRoutes, routeOf, type Route } from './routes';
export {
  FUNCTION_TYPE_PREFIX,
  isFunctionType,
  MISFIRE_POLICIES,
  OVERLAP_POLICIES,
  RESERVED_SCHEDULE_NAMES,
  SCHEDULE_NAME_PATTERN,
  SLOT_ORIGINS,
  SLOT_OUTCOMES,
  type MisfirePolicy,
  type OverlapPolicy,
  type SlotOrigin,
  type SlotOutcome,
} from './schedule';
export {
  ATTEMPT_OUTCOMES,
  ERROR_CODES,
  FINAL_STATUSES,
  isFinal,
  TASK_STATUSES,
  type AttemptOutcome,
  type Backoff,
  type ErrorCode,
  type FinalStatus,
  type Json,
  type TaskStatus,
  type TraceContext,
} from './task';
export { VERSION } from './version';
export { DeadlinePassed, pause, within } from './waits';
