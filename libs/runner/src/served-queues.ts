import { checkQueueName } from '@millrace/contracts';

/** Largest weight; beyond it the rest would hardly ever be looked at. */
const MAX_WEIGHT = 100;

/** Most queues one worker serves: each has its own blocking connection. */
const MAX_QUEUES = 32;

/**
 * Reads `QUEUE_QUEUES`: names separated by commas, each with an optional weight, such as `critical:6,default:3`. The
 * default weight is 1. Throws an `Error` whose message says what is wrong.
 */
export function parseServedQueues(text: string): ReadonlyMap<string, number> {
  const queues = new Map<string, number>();
  for (const item of text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)) {
    const [name = '', weightText = '1', ...rest] = item.split(':');
    if (checkQueueName('queue', name).length > 0 || rest.length > 0) {
      throw new Error(`must be queue names with optional weights, such as critical:6,default:3; got "${item}"`);
    }
    const weight = /^\d{1,3}$/.test(weightText) ? Number(weightText) : 0;
    if (weight < 1 || weight > MAX_WEIGHT) throw new Error(`the weight of ${name} must be 1 to ${MAX_WEIGHT}`);
    if (queues.has(name)) throw new Error(`names the queue ${name} twice`);
    queues.set(name, weight);
  }
  if (queues.size === 0) throw new Error('must name at least one queue');
  if (queues.size > MAX_QUEUES) throw new Error(`must name at most ${MAX_QUEUES} queues`);
  return queues;
}
