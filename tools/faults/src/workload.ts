import type { PlannedWish } from './operators';
import type { Random } from './random';

/** A task as REST takes it, and how it must end. */
export interface PlannedTask {
  readonly body: Readonly<Record<string, unknown>> & { readonly task_id: string };
  /** Unless it is cancelled on request. */
  readonly expect: 'success' | 'failed' | 'any';
  /** What operators want of it, from the moment it is promised. Default nothing. */
  readonly wishes?: readonly PlannedWish[];
}

/** Makes the task of an id. */
export type Workload = (taskId: string, random: Random) => PlannedTask;

interface Kind {
  /** Of every hundred tasks. All shares add up to 100. */
  readonly share: number;
  readonly plan: (random: Random) => {
    readonly payload: object;
    readonly options?: object;
    readonly expect?: 'failed' | 'any';
    readonly wishes?: readonly PlannedWish[];
  };
}

const KINDS: readonly Kind[] = [
  { share: 60, plan: (random) => ({ payload: { sleep: random.between(20, 300) } }) },
  { share: 9, plan: (random) => ({ payload: { sleep: random.between(500, 2_000) } }) },
  { share: 7, plan: () => ({ payload: { sleep: 20, fail: 1 } }) },
  { share: 3, plan: () => ({ payload: { fail: 99 }, options: { max_retry: 1 }, expect: 'failed' }) },
  { share: 4, plan: () => ({ payload: { sleep: 20, snooze: 1 } }) },
  { share: 4, plan: (random) => ({ payload: {}, options: { delay: random.between(200, 1_500) } }) },
  { share: 3, plan: (random) => ({ payload: { sleep: 20 }, options: { priority: random.between(1, 9) } }) },
  { share: 2, plan: cancelledWaiting },
  { share: 2, plan: cancelledRunning },
  { share: 2, plan: cancelledAtItsEnd },
  { share: 1, plan: (random) => ({ ...cancelledWaiting(random), wishes: changedMind(random) }) },
  { share: 1, plan: (random) => ({ ...cancelledRunning(random), wishes: changedMind(random) }) },
  { share: 1, plan: (random) => retriedByHand(random, 99) },
  { share: 1, plan: (random) => retriedByHand(random, 1) },
];

function cancelledWaiting(random: Random) {
  const wishes = [{ what: 'cancel', afterMs: random.between(0, 600) }] as const;
  return { payload: {}, options: { delay: random.between(1_000, 2_000) }, wishes };
}

function cancelledRunning(random: Random) {
  const wishes = [{ what: 'cancel', afterMs: random.between(200, 800) }] as const;
  return { payload: { sleep: random.between(1_000, 3_000) }, wishes };
}

/** The wish and the handler's end come at about the same moment. */
function cancelledAtItsEnd(random: Random) {
  const sleep = random.between(100, 500);
  return { payload: { sleep }, wishes: [{ what: 'cancel', afterMs: sleep + random.between(-30, 60) }] as const };
}

function changedMind(random: Random): readonly PlannedWish[] {
  const afterMs = random.between(100, 400);
  return [
    { what: 'cancel', afterMs },
    { what: 'retry', afterMs: afterMs + random.between(0, 600) },
  ];
}

/** Its first failures are final; every retry is somebody's wish. */
function retriedByHand(random: Random, failures: number) {
  const wishes = [400, 900].map((ms) => ({ what: 'retry', afterMs: ms + random.between(0, 300) }) as const);
  const expect = failures > wishes.length ? ('failed' as const) : ('any' as const);
  return { payload: { sleep: 20, fail: failures }, options: { max_retry: 0 }, expect, wishes };
}

/** Short and long work, failures that pass and failures that stay, snoozes, delays, priorities, and what operators do. */
export const mixedWork: Workload = (taskId, random) => {
  let at = random.between(1, 100);
  const kind = KINDS.find(({ share }) => (at -= share) <= 0);
  const { payload, options, expect = 'success', wishes = [] } = kind?.plan(random) ?? { payload: {} };
  return { body: { type: 'effect', task_id: taskId, retry_delay: 200, payload, ...options }, expect, wishes };
};

/** Work of one length; nothing fails, so that every further start is somebody's fault. */
export function steadyWork(fromMs: number, toMs: number): Workload {
  return (taskId, random) => ({
    body: { type: 'effect', task_id: taskId, payload: { sleep: random.between(fromMs, toMs) } },
    expect: 'success',
  });
}
