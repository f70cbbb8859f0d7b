import type { Scenario } from '../scenario';
import { apiKill } from './api-kill';
import { backlog } from './backlog';
import { clocks } from './clocks';
import { crashPoints } from './crash-points';
import { fewDescriptors } from './descriptors';
import { diskFull, redisDiskFull, spillDiskFull } from './disk-full';
import { exclusiveFunctions } from './exclusive-functions';
import { fuzz } from './fuzz';
import { hostileHandlers } from './hostile-handlers';
import { idempotencyRace } from './idempotency-race';
import { malformedEntries } from './malformed-entries';
import { soak, tour } from './mixed-faults';
import { halfOpen, oneWay, slowNetwork } from './network';
import { outcomesOnDisk } from './outcomes-on-disk';
import { pausedInTransaction } from './paused-in-transaction';
import { pausedWorker } from './paused-worker';
import { permissions } from './permissions';
import { lockHeld, poolExhausted, postgresKill, postgresPaused } from './postgres-outage';
import { redisFlush, redisKill } from './redis-loss';
import { redisEvicting, redisFull } from './redis-memory';
import { redisFailover, redisTruncated } from './redis-persistence';
import { redisSentinel } from './redis-sentinel';
import { retryStorm } from './retry-storm';
import { rollingDeploy } from './rolling-deploy';
import { schedulers } from './schedulers';
import { redisFrozen, schedulerCutOff } from './silence';
import { sigterm } from './sigterm';
import { starved } from './starved';
import { workerKill } from './worker-kill';

/** Every scenario, in the order of the fault matrix. */
export const SCENARIOS: readonly Scenario[] = [
  workerKill,
  crashPoints,
  pausedWorker,
  pausedInTransaction,
  redisKill,
  redisFlush,
  redisTruncated,
  redisFailover,
  redisSentinel,
  redisFull,
  redisEvicting,
  postgresKill,
  postgresPaused,
  outcomesOnDisk,
  redisFrozen,
  schedulerCutOff,
  poolExhausted,
  lockHeld,
  slowNetwork,
  halfOpen,
  oneWay,
  schedulers,
  exclusiveFunctions,
  clocks,
  apiKill,
  idempotencyRace,
  hostileHandlers,
  malformedEntries,
  fuzz,
  backlog,
  retryStorm,
  diskFull,
  redisDiskFull,
  spillDiskFull,
  starved,
  fewDescriptors,
  sigterm,
  rollingDeploy,
  permissions,
  tour,
  soak,
];
