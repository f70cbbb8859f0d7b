import type { TaskStatus } from '@millrace/contracts';

/** A task as REST shows it, as far as specs and tools read it. */
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

/** What `GET /tasks/stats` answers. */
export type TaskCounts = Record<TaskStatus | 'total', number>;

/** Calls the REST API as any client would. */
export class ApiClient {
  private readonly authorization: Readonly<Record<string, string>>;

  /**
   * `baseUrl` is the address of the api service, without a trailing slash; `apiKey` the secret of one of its keys, for one
   * that asks for it.
   */
  constructor(
    private readonly baseUrl: string,
    { apiKey }: { readonly apiKey?: string } = {},
  ) {
    this.authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  }

  /** Sends one request to a path below `/api/v1`; any status is an answer. */
  async call<T>(method: string, path: string, body?: unknown): Promise<{ status: number; headers: Headers; body: T }> {
    const response = await fetch(`${this.baseUrl}/api/v1${path}`, {
      method,
      headers: { ...this.authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as T };
  }

  /** Submits one task. Throws on any answer but 201. */
  async submit(task: Readonly<Record<string, unknown>>): Promise<TaskJson> {
    return this.expect<TaskJson>(201, 'POST', '/tasks', task);
  }

  /** Submits many tasks, all or none. Throws on any answer but 201. */
  async submitBulk(tasks: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    await this.expect(201, 'POST', '/tasks/bulk', { tasks });
  }

  async task(taskId: string): Promise<TaskJson> {
    return this.expect<TaskJson>(200, 'GET', `/tasks/task/${taskId}`);
  }

  /** `query` such as `?user_id=ada`. */
  async stats(query = ''): Promise<TaskCounts> {
    return this.expect<TaskCounts>(200, 'GET', `/tasks/stats${query}`);
  }

  private async expect<T>(status: number, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body);
    if (answer.status === status) return answer.body;
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
}
