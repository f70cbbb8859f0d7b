import { setTimeout as sleep } from 'node:timers/promises';
import type { AppendLog } from './append-log';
import type { Operators } from './operators';
import type { Random } from './random';
import { mixedWork, type PlannedTask, type Workload } from './workload';

/** How one request was answered. */
export interface Answer {
  readonly kind: 'ok' | 'refused' | 'unknown';
  /** Null when there was no answer. */
  readonly status: number | null;
  readonly ms: number;
}

export interface SubmitOptions {
  /** Submits are spread over so long, in milliseconds. Default: as fast as they are answered. */
  readonly overMs?: number;
  /** Tasks of one request; 1 is a plain submit, more a bulk. Default: mostly 1, every tenth request 20. */
  readonly bulk?: number;
  readonly workload?: Workload;
}

const REQUEST_MS = 20_000;
/** Requests under way at once. */
const LANES = 8;
/** A request of unknown fate is sent again so often, so much later, under its key. */
const RETRIES = 6;
const RETRY_MS = 1_000;

/** Submits tasks as a careful client does: ids and idempotency keys of its own, and a line in the log about every answer. */
export class Load {
  /** Every answer, in order. */
  readonly answers: Answer[] = [];
  /** Ids of the tasks that were promised, in order. */
  readonly promisedIds: string[] = [];
  private submitted = 0;
  private requests = 0;

  constructor(
    private readonly parts: {
      readonly run: string;
      readonly apiUrls: () => readonly string[];
      readonly log: AppendLog;
      readonly random: Random;
      /** Whoever utters the wishes that are planned with a task, once it is promised. */
      readonly operators: Operators;
    },
  ) {}

  /** How many tasks were asked for so far. */
  get count(): number {
    return this.submitted;
  }

  /** Submits so many tasks and waits until each request was answered or given up. */
  async submit(count: number, options: SubmitOptions = {}): Promise<void> {
    const { overMs = 0 } = options;
    const startedAtMs = performance.now();
    let left = count;
    const lane = async () => {
      while (left > 0) {
        const done = (count - left) / count;
        const size = Math.min(left, options.bulk ?? (this.parts.random.between(1, 10) === 1 ? 20 : 1));
        left -= size;
        const waitMs = startedAtMs + done * overMs - performance.now();
        if (waitMs > 0) await sleep(waitMs);
        await this.request(this.plan(size, options.workload ?? mixedWork));
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  /** Sends one request under its key until its fate is known or it is given up. */
  async request(tasks: readonly PlannedTask[]): Promise<Answer> {
    const { log } = this.parts;
    const op = `${this.parts.run}-r${(this.requests += 1)}`;
    log.write({
      kind: 'invoke',
      op,
      ids: tasks.map(({ body }) => body.task_id),
      expect: tasks.map((task) => task.expect),
    });
    for (let tries = 1; ; tries += 1) {
      const answer = await this.send(op, tasks);
      this.answers.push(answer);
      log.write({
        op,
        kind: answer.kind,
        status: answer.status,
        reason: `${answer.status ?? 'no answer'}`,
        ms: answer.ms,
      });
      if (answer.kind === 'ok') this.promised(tasks);
      if (answer.kind !== 'unknown' || tries > RETRIES) return answer;
      await sleep(RETRY_MS * (0.5 + this.parts.random.next()));
    }
  }

  /** Takes note of tasks that were submitted by other ways, and that the platform promised. */
  adopt(ids: readonly string[], expect: PlannedTask['expect']): void {
    const op = `${this.parts.run}-r${(this.requests += 1)}`;
    this.parts.log.write({ kind: 'invoke', op, ids, expect: ids.map(() => expect) });
    this.parts.log.write({ kind: 'ok', op, status: 201 });
  }

  /** Makes tasks with ids that no other task has. */
  plan(count: number, workload: Workload): PlannedTask[] {
    return Array.from({ length: count }, () =>
      workload(`${this.parts.run}-${(this.submitted += 1)}`, this.parts.random),
    );
  }

  private promised(tasks: readonly PlannedTask[]): void {
    for (const { body, wishes = [] } of tasks) {
      this.promisedIds.push(body.task_id);
      this.parts.operators.later(body.task_id, wishes);
    }
  }

  private async send(op: string, tasks: readonly PlannedTask[]): Promise<Answer> {
    const [first] = tasks;
    const startedAtMs = performance.now();
    const took = () => Math.round(performance.now() - startedAtMs);
    const urls = this.parts.apiUrls();
    if (urls.length === 0 || !first) return { kind: 'unknown', status: null, ms: 0 };
    const url = `${this.parts.random.pick(urls)}/api/v1/tasks${tasks.length > 1 ? '/bulk' : ''}`;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': op },
        body: JSON.stringify(tasks.length > 1 ? { tasks: tasks.map(({ body }) => body) } : first.body),
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      await response.arrayBuffer();
      return { kind: kindOf(response.status), status: response.status, ms: took() };
    } catch {
      return { kind: 'unknown', status: null, ms: took() };
    }
  }
}

function kindOf(status: number): Answer['kind'] {
  if (status >= 200 && status < 300) return 'ok';
  return status >= 400 && status < 500 ? 'refused' : 'unknown';
}
