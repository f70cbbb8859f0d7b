import type { Scenario } from '../scenario';
import { pausedWorker } from './paused-worker';
import { redisFlush, redisKill } from './redis-loss';
import { workerKill } from './worker-kill';

/** Every scenario, in the order of the fault matrix. */
export const SCENARIOS: readonly Scenario[] = [workerKill, pausedWorker, redisKill, redisFlush];
