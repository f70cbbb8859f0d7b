import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Queues, TaskQueue } from '@millrace/queue';
import { HeldTasks, type HeldTask } from './held-tasks';
import { LeaseKeeper } from './lease-keeper';
import { openWorkbench, type Workbench } from './worker.fixture';

const WORKER = { workerId: 'worker-1', leaseMs: 30_000 };

let bench: Workbench;
let queue: TaskQueue;
let held: HeldTasks;
let started: HeldTask[];

beforeAll(async () => {
  bench = await openWorkbench();
  queue = bench.queues.of('default');
});
afterAll(() => bench.close());

beforeEach(async () => {
  const entries = ['ends', 'runs'].map((id) => ({ entry: { id, name: 'noop', payload: null, attempt: 0 } }));
  await queue.enqueue(entries);
  const claims = await queue.claim({ ...WORKER, limit: 2 });
  held = new HeldTasks({ hold: () => undefined });
  started = held.add(claims, { trustedUntilMs: Infinity, claimedAtMs: 0 });
  for (const task of started) task.attempt = 1;
});

function keeper(queues: Pick<Queues, 'of'> = bench.queues): LeaseKeeper {
  const options = { ...WORKER, queues: ['default'] };
  return new LeaseKeeper(options, held, queues as Queues, bench.queries, { renewed: () => undefined });
}

/** The queue, on which something happens just before Redis is asked to renew. */
function justBeforeRenewing(happens: () => Promise<unknown>): Pick<Queues, 'of'> {
  const renew: TaskQueue['renew'] = async (holds) => {
    await happens();
    return queue.renew(holds);
  };
  const watched = Object.create(queue, { renew: { value: renew } }) as TaskQueue;
  return { of: () => watched };
}

it('a task that is acknowledged while the leases are renewed is not held again', async () => {
  const acknowledge = async () => {
    const [ended] = started.filter(({ taskId }) => taskId === 'ends');
    if (!ended) throw new Error('not held');
    held.remove(ended);
    await queue.ack([ended.claim]);
  };

  await keeper(justBeforeRenewing(acknowledge)).runOnce();

  expect(await queue.depth()).toMatchObject({ processing: 1 });
  await queue.ack(held.claims());
});

it('the holds of what runs are put back when Redis has lost them', async () => {
  await queue.ack(held.claims());

  await keeper().runOnce();

  expect(await queue.depth()).toMatchObject({ processing: 2 });
  expect(await queue.ack(held.claims())).toBe(2);
});
