import { setTimeout as sleep } from 'node:timers/promises';
import type { AppendLog } from './append-log';
import type { Random } from './random';

/** What a person may want of a task that is there. */
export type Wish = 'cancel' | 'retry';

/** A wish that comes so long after the task was promised. */
export interface PlannedWish {
  readonly what: Wish;
  readonly afterMs: number;
}

const REQUEST_MS = 20_000;

/** Cancels and retries tasks while everything else goes on, and leaves a line about each wish and each answer. */
export class Operators {
  private wishes = 0;
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(
    private readonly parts: {
      readonly apiUrls: () => readonly string[];
      readonly log: AppendLog;
      readonly random: Random;
    },
  ) {}

  /** Utters each wish when its time has come; `idle` waits for it. */
  later(taskId: string, wishes: readonly PlannedWish[]): void {
    for (const { what, afterMs } of wishes) {
      const uttered = sleep(afterMs)
        .then(() => this.ask(what, taskId))
        .finally(() => this.underWay.delete(uttered));
      this.underWay.add(uttered);
    }
  }

  /** Asks once, of any api, and resolves with the status of the answer; null when there was none. */
  async ask(what: Wish, taskId: string): Promise<number | null> {
    const { log, random, apiUrls } = this.parts;
    const wish = (this.wishes += 1);
    const urls = apiUrls();
    log.write({ kind: 'wish', wish, what, task_id: taskId });
    if (urls.length === 0) return null;
    const answer = await send(`${random.pick(urls)}/api/v1/tasks/task/${encodeURIComponent(taskId)}/${what}`);
    log.write({ kind: 'answer', wish, ...answer });
    return answer.status;
  }

  /** Resolves when every wish was answered or given up. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }
}

interface Answer {
  readonly status: number | null;
  /** The task as the answer shows it. */
  readonly shown?: { readonly status: string; readonly attempt: number };
}

async function send(url: string): Promise<Answer> {
  try {
    const response = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(REQUEST_MS) });
    const body = (await response.json()) as { status: string; attempt: number };
    return response.ok
      ? { status: response.status, shown: { status: body.status, attempt: body.attempt } }
      : { status: response.status };
  } catch {
    return { status: null };
  }
}
