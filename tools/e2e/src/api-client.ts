import type { TaskStatus } from '@millrace/contracts';

/** The part of a task's JSON that the end-to-end tests read. */
export interface TaskJson {
  readonly id: number;
  readonly task_id: string;
  readonly type: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly retry_count: number;
  readonly result: unknown;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly created_at: string;
  readonly run_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
}

/** Calls the REST api as any client would. */
export class ApiClient {
  constructor(private readonly baseUrl: string) {}

  async call<T>(method: string, path: string, body?: unknown): Promise<{ status: number; headers: Headers; body: T }> {
    const response = await fetch(`${this.baseUrl}/api/v1${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as T };
  }

  async submit(task: Record<string, unknown>): Promise<TaskJson> {
    const answer = await this.call<TaskJson>('POST', '/tasks', task);
    if (answer.status !== 201) throw new Error(`Submit answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async submitBulk(tasks: Record<string, unknown>[]): Promise<void> {
    const answer = await this.call('POST', '/tasks/bulk', { tasks });
    if (answer.status !== 201) throw new Error(`Bulk answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  async task(taskId: string): Promise<TaskJson> {
    return (await this.call<TaskJson>('GET', `/tasks/task/${taskId}`)).body;
  }

  async stats(query = ''): Promise<Record<TaskStatus | 'total', number>> {
    return (await this.call<Record<TaskStatus | 'total', number>>('GET', `/tasks/stats${query}`)).body;
  }
}
