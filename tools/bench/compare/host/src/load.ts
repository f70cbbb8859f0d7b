import { setTimeout as sleep } from 'node:timers/promises';
import { clockMs, clockMsAt } from './clock';
import type { BenchPayload, Producer } from './system';

/** How tasks are submitted; `sleepMs` is how long each handler waits. */
export type Load = { readonly count: number; readonly sleepMs?: number } & (
  | { readonly shape: 'callers'; readonly callers: number }
  | { readonly shape: 'bulk'; readonly size: number }
  /** One at a time to an idle system, `gapMs` after the last. */
  | { readonly shape: 'lone'; readonly gapMs: number }
  /** At a fixed rate, whatever the answers; waits count from when each was due to be sent. */
  | { readonly shape: 'paced'; readonly perSecond: number }
  /** Due evenly over `overMs`, the first of them in `leadMs`. */
  | { readonly shape: 'delayed'; readonly leadMs: number; readonly overMs: number }
);

/** When the load began and when its last submit was acknowledged, by `clockMs`. */
export interface LoadReport {
  readonly startMs: number;
  readonly endMs: number;
}

/** With the other fields a payload of about 200 bytes. */
const TEXT = 'x'.repeat(150);
/** Acknowledgements a paced load may be waiting for; beyond it the system is not keeping up, and the run fails. */
const MAX_IN_FLIGHT = 100_000;
const DELAYED_BULK = 500;

/** Submits a load; resolves when every task is acknowledged. */
export async function submitLoad(producer: Producer, load: Load): Promise<LoadReport> {
  const startMs = clockMs();
  await submitted(producer, load);
  return { startMs, endMs: clockMs() };
}

async function submitted(producer: Producer, load: Load): Promise<void> {
  const payload = (n: number, atMs = clockMs()): BenchPayload => ({
    n,
    atMs,
    ...(load.sleepMs === undefined ? {} : { sleepMs: load.sleepMs }),
    text: TEXT,
  });
  switch (load.shape) {
    case 'callers':
      return fromCallers(load.count, load.callers, (n) => producer.submit(payload(n)));
    case 'bulk':
      return inBulk(load.count, load.size, (numbers) => producer.submitMany(numbers.map((n) => payload(n))));
    case 'lone':
      return lone(load.count, load.gapMs, (n) => producer.submit(payload(n)));
    case 'paced':
      return paced(load.count, load.perSecond, (n, dueMs) => producer.submit(payload(n, dueMs)));
    case 'delayed': {
      const firstMs = Date.now() + load.leadMs;
      return inBulk(load.count, DELAYED_BULK, (numbers) =>
        producer.submitDelayed(
          numbers.map((n) => {
            const dueAt = new Date(firstMs + Math.floor((n / load.count) * load.overMs));
            return { payload: payload(n, clockMsAt(dueAt.getTime())), dueAt };
          }),
        ),
      );
    }
    default:
      return load satisfies never;
  }
}

async function fromCallers(count: number, callers: number, submit: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const caller = async () => {
    while (next < count) await submit(next++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

async function inBulk(count: number, size: number, submit: (numbers: number[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += size) {
    await submit(Array.from({ length: Math.min(size, count - from) }, (_, index) => from + index));
  }
}

async function lone(count: number, gapMs: number, submit: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await submit(n);
    await sleep(gapMs);
  }
}

async function paced(
  count: number,
  perSecond: number,
  submit: (n: number, dueMs: number) => Promise<unknown>,
): Promise<void> {
  const startMs = clockMs();
  const inFlight = new Set<Promise<unknown>>();
  const failures: unknown[] = [];
  for (let next = 0; next < count;) {
    const due = Math.min(count, Math.floor(((clockMs() - startMs) / 1_000) * perSecond) + 1);
    for (; next < due; next += 1) {
      const call = submit(next, startMs + (next / perSecond) * 1_000)
        .catch((error: unknown) => failures.push(error))
        .finally(() => inFlight.delete(call));
      inFlight.add(call);
    }
    refuseAfter(failures);
    if (inFlight.size > MAX_IN_FLIGHT) throw new Error(`${inFlight.size} submits wait for their acknowledgement`);
    await sleep(1);
  }
  await Promise.all(inFlight);
  refuseAfter(failures);
}

function refuseAfter(failures: readonly unknown[]): void {
  if (failures.length > 0) throw new Error('A submit failed', { cause: failures[0] });
}
