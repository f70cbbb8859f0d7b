import type { QueueAccess } from '@millrace/queue';
import type { Store } from '@millrace/store';
import { eventually } from '@millrace/testing';
import { describe, expect, it } from 'vitest';
import { withStores } from './stores.fixture';
import { TaskControl } from './task-control';
import { TaskNotCancellable, TaskNotFound, TaskNotRetryable } from './task-errors';
import type { TaskSubmitter } from './task-submitter';
import { testWorker } from './test-worker.fixture';

let store: Store;
let access: QueueAccess;
let submitter: TaskSubmitter;
let worker: ReturnType<typeof testWorker>;
let control: TaskControl;

withStores((opened) => {
  ({ store, access, submitter } = opened);
  worker = testWorker(opened);
  control = new TaskControl(store.tasks, store.queries, access.queues, access.cancels);
});

describe('a cancel', () => {
  it('of a pending task ends it at once', async () => {
    const { taskId } = await submitter.submit('noop', null);

    expect((await control.cancel(taskId)).state).toBe('cancelled');
    expect((await control.cancel(taskId)).state).toBe('already');
    expect((await store.queries.findByTaskId(taskId))?.status).toBe('cancelled');
  });

  it('of a delayed task takes its entry out of Redis, and a retry puts it back at once', async () => {
    const { taskId } = await submitter.submit('noop', null, { queue: 'later', delay: '1h' });
    const queue = access.queues.of('later');
    expect(await queue.depth()).toMatchObject({ delayed: 1, indexed: 1 });

    await control.cancel(taskId);
    expect(await queue.depth()).toMatchObject({ delayed: 0, indexed: 0 });

    await control.retry(taskId);
    expect((await worker.claim('later')).map((claim) => claim.taskId)).toEqual([taskId]);
  });

  it('of a processing task asks its worker, who hears of it', async () => {
    const { taskId } = await submitter.submit('noop', null);
    await worker.start([{ taskId, attempt: 0 }]);
    const heard: string[] = [];
    access.cancels.subscribe((id) => heard.push(id));

    // A signal that is sent before the subscription stands is lost, as any hint may be.
    await eventually(async () => {
      expect((await control.cancel(taskId, 'anna')).state).toBe('requested');
      expect(heard).toContain(taskId);
    });
    expect(await store.tasks.cancelRequested(worker.workerId)).toContainEqual({ taskId, attempt: 1 });
  });

  it('of an ended or unknown task is refused', async () => {
    const { taskId } = await submitter.submit('noop', null);
    await worker.run(taskId, 0, 'success');

    await expect(control.cancel(taskId)).rejects.toThrow(TaskNotCancellable);
    await expect(control.cancel('nobody')).rejects.toThrow(TaskNotFound);
  });
});

describe('a retry', () => {
  it('makes a failed task pending again with its attempt kept, and queues it', async () => {
    const { taskId } = await submitter.submit('noop', null);
    await worker.run(taskId, 0, 'failed');
    await worker.drain('default');

    expect(await control.retry(taskId)).toMatchObject({ status: 'pending', retryCount: 0, attempt: 1 });
    expect((await worker.claim()).map((claim) => [claim.taskId, claim.attempt])).toEqual([[taskId, 1]]);
    await worker.run(taskId, 1, 'success');
  });

  it('of any other task is refused', async () => {
    const { taskId } = await submitter.submit('noop', null);

    await expect(control.retry(taskId)).rejects.toThrow(TaskNotRetryable);
    await expect(control.retry('nobody')).rejects.toThrow(TaskNotFound);
  });
});
