import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HeldTasks } from './held-tasks';
import { StrayRows } from './stray-rows';
import { openWorkbench, type Workbench } from './worker.fixture';

describe('rows whose start was never heard of', () => {
  let bench: Workbench;

  beforeAll(async () => {
    bench = await openWorkbench();
  });

  afterAll(() => bench.close());

  async function startedBy(workerId: string): Promise<string> {
    const { taskId } = await bench.submitter.submit('lost', {});
    await bench.store.tasks.startMany([{ taskId, attempt: 0 }], workerId);
    return taskId;
  }

  it('go back to pending and spend nothing, and those that run stay', async () => {
    const held = new HeldTasks({ hold: () => undefined });
    const strays = new StrayRows('me', held, bench.queries, bench.store.tasks, async () => false);
    const [lost, runs, others] = [await startedBy('me'), await startedBy('me'), await startedBy('somebody-else')];
    const entry = { type: 'lost', attempt: 0, priority: 0, crashCount: 0, raw: null, json: '' };
    const [running] = held.add([{ taskId: runs, token: 't', queue: 'default', ...entry }], {
      trustedUntilMs: Infinity,
      claimedAtMs: 0,
    });
    if (running) running.attempt = 1;

    expect(await strays.runOnce()).toBe(1);

    expect(await bench.queries.findByTaskId(lost)).toMatchObject({
      status: 'pending',
      attempt: 1,
      retryCount: 0,
      crashCount: 0,
    });
    expect(await bench.queries.findByTaskId(runs)).toMatchObject({ status: 'processing' });
    expect(await bench.queries.findByTaskId(others)).toMatchObject({ status: 'processing' });
    expect(await strays.runOnce()).toBe(0);
  });

  it('stay as long as outcomes of their worker lie on disk', async () => {
    const held = new HeldTasks({ hold: () => undefined });
    const strays = new StrayRows('spiller', held, bench.queries, bench.store.tasks, async () => true);
    const spilled = await startedBy('spiller');

    expect(await strays.runOnce()).toBe(0);

    expect(await bench.queries.findByTaskId(spilled)).toMatchObject({ status: 'processing' });
  });
});
