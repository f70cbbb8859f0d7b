import { Store } from '@millrace/store';
import { expect } from 'vitest';
import { startOwnApi, type OwnApi } from '../testing/own-api.fixture';
import type { Answer } from '../testing/start-api';
import type { SubmittedTaskView, TaskView } from './task.view';

/** An api with stores of its own, and calls that specs of tasks make. */
export interface TasksApi extends OwnApi {
  readonly store: Store;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** A user nobody else has, so that a test sees its own tasks alone. */
  newUser(): string;
  /** Submits a task of these fields. */
  submit(fields?: Readonly<Record<string, unknown>>): Promise<SubmittedTaskView>;
  /** Brings a task to an end as a worker would. */
  finish(task: TaskView, status: 'success' | 'failed'): Promise<void>;
}

export async function startTasksApi(): Promise<TasksApi> {
  const api = await startOwnApi();
  const store = api.app.get(Store);
  const post: TasksApi['post'] = (path, body, headers = {}) => api.call('POST', path, { body, headers });
  let users = 0;
  return {
    ...api,
    store,
    get: (path) => api.call('GET', path),
    post,
    newUser: () => `user-${(users += 1)}`,
    submit: async (fields = {}) => {
      const answer = await post('tasks', { type: 'noop', payload: {}, ...fields });
      expect(answer.status, answer.text).toBe(201);
      return answer.json<SubmittedTaskView>();
    },
    finish: async (task, status) => {
      const [start] = await store.tasks.startMany([{ taskId: task.task_id, attempt: task.attempt }], 'worker-1');
      if (start?.kind !== 'started') throw new Error(`not started: ${start?.kind}`);
      await store.tasks.recordOutcomes([
        {
          id: task.id,
          taskId: task.task_id,
          attempt: start.task.attempt,
          workerId: 'worker-1',
          outcome: status === 'success' ? 'succeeded' : 'failed',
          status,
          resultJson: status === 'success' ? '{"done":true}' : null,
          errorMessage: status === 'failed' ? 'it broke' : null,
          errorCode: status === 'failed' ? 'handler_error' : null,
          retryCount: 0,
          crashCount: 0,
          delayMs: null,
        },
      ]);
    },
  };
}
