import type { Random } from './random';

/** A task as REST takes it, and how it must end. */
export interface PlannedTask {
  readonly body: Readonly<Record<string, unknown>> & { readonly task_id: string };
  readonly expect: 'success' | 'failed' | 'any';
}

/** Makes the task of an id. */
export type Workload = (taskId: string, random: Random) => PlannedTask;

interface Kind {
  /** Of every hundred tasks. All shares add up to 100. */
  readonly share: number;
  readonly plan: (random: Random) => {
    readonly payload: object;
    readonly options?: object;
    readonly expect?: 'failed';
  };
}

const KINDS: readonly Kind[] = [
  { share: 70, plan: (random) => ({ payload: { sleep: random.between(20, 300) } }) },
  { share: 9, plan: (random) => ({ payload: { sleep: random.between(500, 2_000) } }) },
  { share: 7, plan: () => ({ payload: { sleep: 20, fail: 1 } }) },
  { share: 3, plan: () => ({ payload: { fail: 99 }, options: { max_retry: 1 }, expect: 'failed' }) },
  { share: 4, plan: () => ({ payload: { sleep: 20, snooze: 1 } }) },
  { share: 4, plan: (random) => ({ payload: {}, options: { delay: random.between(200, 1_500) } }) },
  { share: 3, plan: (random) => ({ payload: { sleep: 20 }, options: { priority: random.between(1, 9) } }) },
];

/** Short and long work, failures that pass and failures that stay, snoozes, delays and priorities. */
export const mixedWork: Workload = (taskId, random) => {
  let at = random.between(1, 100);
  const kind = KINDS.find(({ share }) => (at -= share) <= 0);
  const { payload, options, expect = 'success' } = kind?.plan(random) ?? { payload: {} };
  return { body: { type: 'effect', task_id: taskId, retry_delay: 200, payload, ...options }, expect };
};

/** Work of one length; nothing fails, so that every further start is somebody's fault. */
export function steadyWork(fromMs: number, toMs: number): Workload {
  return (taskId, random) => ({
    body: { type: 'effect', task_id: taskId, payload: { sleep: random.between(fromMs, toMs) } },
    expect: 'success',
  });
}
