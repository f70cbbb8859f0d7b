import type { StartedTask } from '@millrace/store';
import type { OpenStores } from './stores.fixture';

const WORKER_ID = 'w1';

/** A worker that claims, starts and ends tasks as the test says. */
export function testWorker({ store, access }: Pick<OpenStores, 'store' | 'access'>) {
  const claim = (queue = 'default') =>
    access.queues.of(queue).claim({ workerId: WORKER_ID, limit: 500, leaseMs: 60_000 });
  const start = async (tasks: readonly { readonly taskId: string; readonly attempt: number }[]) => {
    const starts = await store.tasks.startMany(tasks, WORKER_ID);
    return starts.flatMap((one) => (one.kind === 'started' ? [one.task] : []));
  };
  const end = (started: readonly StartedTask[], status: 'success' | 'failed') =>
    store.tasks.recordOutcomes(
      started.map((task) => ({
        ...task,
        workerId: WORKER_ID,
        outcome: status === 'success' ? ('succeeded' as const) : ('failed' as const),
        status,
        resultJson: null,
        errorMessage: null,
        errorCode: status === 'failed' ? ('handler_error' as const) : null,
        delayMs: null,
      })),
    );
  return {
    workerId: WORKER_ID,
    /** Takes everything that is ready. */
    claim,
    /** Takes everything that is ready out of the queues, so that a test sees only its own. */
    drain: async (...queues: string[]) => {
      for (const queue of queues) {
        for (let batch = await claim(queue); batch.length > 0; batch = await claim(queue)) {
          await access.queues.of(queue).ack(batch);
        }
      }
    },
    start,
    end,
    /** Runs a pending task's next attempt up to its outcome. */
    run: async (taskId: string, attempt: number, status: 'success' | 'failed') => {
      const started = await start([{ taskId, attempt }]);
      if (started.length === 0) throw new Error(`${taskId} was not started`);
      await end(started, status);
    },
  };
}
