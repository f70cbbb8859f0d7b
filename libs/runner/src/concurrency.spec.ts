import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handlerOf, openWorkbench, type Workbench } from './worker.fixture';

const SLOTS = 10;
const TASKS = 600;

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench.close());

describe('short handlers and a long one', () => {
  it('never run more at once than there are slots, and every task once', async () => {
    let running = 0;
    let most = 0;
    const starts = new Map<unknown, number>();
    const handler = handlerOf('short', async (payload) => {
      starts.set(payload, (starts.get(payload) ?? 0) + 1);
      running += 1;
      most = Math.max(most, running);
      await sleep(payload === 0 ? 2_000 : 2);
      running -= 1;
    });
    const submitted = await bench.submitter.submitMany(
      Array.from({ length: TASKS }, (_, n) => ({ type: 'short', payload: n })),
    );
    await bench.startWorker([handler], { workers: SLOTS });

    for (const { taskId } of submitted) await bench.rowWhen(taskId, ({ status }) => status === 'success');

    expect(most).toBe(SLOTS);
    expect([...starts.values()].every((count) => count === 1)).toBe(true);
  });
});
