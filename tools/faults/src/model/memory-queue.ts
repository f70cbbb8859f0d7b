import type { QueueTask } from '@millrace/contracts';
import { encodeQueueTask, type Claim, type Dispatch, type Hold, type LostHold } from '@millrace/queue';
import type { EntryView, QueuePart, QueueStore, View } from './stores';

interface Held {
  readonly token: string;
  readonly workerId: string;
  readonly attempt: number;
  readonly json: string;
}

interface Waits {
  readonly attempt: number;
  readonly untilMs: number;
}

/** The queue's protocol in plain words: what each script of it does to one queue, without priorities and raw entries. */
export class MemoryQueue implements QueueStore {
  /** The first is taken first. */
  private ready: string[] = [];
  private readonly delayed = new Map<string, number>();
  private readonly idx = new Map<string, Waits>();
  private readonly processing = new Map<string, Held>();
  private readonly leases = new Map<string, 'runs' | 'over'>();
  private tokens = 0;

  constructor(
    private readonly name: string,
    private readonly now: () => number,
  ) {}

  enqueue = async (dispatches: readonly Dispatch[]): Promise<number> => this.add(dispatches, 'new');

  enqueueAgain = async (dispatches: readonly Dispatch[]): Promise<number> => this.add(dispatches, 'again');

  async claim({ workerId, limit }: { workerId: string; limit: number }): Promise<Claim[]> {
    const entries = this.ready.splice(0, limit).map((json) => ({ json, entry: JSON.parse(json) as QueueTask }));
    const token = `token-${(this.tokens += 1)}`;
    // Of two entries of one task that are claimed together the later attempt counts.
    const claims = new Map<string, Claim>();
    const arrived = entries.filter(({ entry }) => this.idx.get(entry.id)?.attempt === entry.attempt);
    for (const { entry, json } of entries) {
      const attempt = entry.attempt ?? 0;
      const held = this.processing.get(entry.id);
      if (held && held.attempt >= attempt) continue;
      this.processing.set(entry.id, { token, workerId, attempt, json });
      this.leases.set(entry.id, 'runs');
      const { id: taskId, name: type } = entry;
      const read = { type, attempt, priority: 0, crashCount: 0, raw: null };
      claims.set(taskId, { taskId, token, queue: this.name, json, ...read });
    }
    for (const { entry } of arrived) this.idx.delete(entry.id);
    return [...claims.values()];
  }

  async renew({ holds }: { holds: readonly Hold[] }): Promise<LostHold[]> {
    return holds.flatMap(({ taskId, token }): LostHold[] => {
      const held = this.processing.get(taskId);
      if (!held) return [{ taskId, reason: 'missing' }];
      if (held.token !== token) return [{ taskId, reason: 'other' }];
      this.leases.set(taskId, 'runs');
      return [];
    });
  }

  async reassert(running: { workerId: string; claims: readonly (Hold & { attempt: number; json: string })[] }) {
    return running.claims.flatMap(({ taskId, token, attempt, json }) => {
      const held = this.processing.get(taskId);
      if (held && held.attempt >= attempt) return [];
      this.processing.set(taskId, { token, workerId: running.workerId, attempt: attempt - 1, json });
      this.leases.set(taskId, 'runs');
      return [taskId];
    });
  }

  async ack(holds: readonly Hold[]): Promise<number> {
    return holds.filter((hold) => this.release(hold) !== undefined).length;
  }

  async putBack(claims: readonly Claim[], { delayMs }: { delayMs: number }): Promise<number> {
    let count = 0;
    for (const claim of [...claims].reverse()) {
      const held = this.release(claim);
      if (!held) continue;
      count += 1;
      const untilMs = delayMs > 0 ? this.now() + delayMs : 0;
      if (delayMs > 0) this.delayed.set(held.json, untilMs);
      else this.ready.unshift(held.json);
      const waits = this.idx.get(claim.taskId);
      if (!waits || waits.attempt <= held.attempt) this.idx.set(claim.taskId, { attempt: held.attempt, untilMs });
    }
    return count;
  }

  async promote({ limit }: { limit: number }) {
    const due = [...this.delayed]
      .filter(([, dueAtMs]) => dueAtMs <= this.now())
      .sort(([a, atA], [b, atB]) => atA - atB || (a < b ? -1 : 1))
      .slice(0, limit);
    for (const [json] of due) {
      this.delayed.delete(json);
      this.ready.push(json);
    }
    return { moved: due.length, nextDueInMs: null };
  }

  readonly repair = {
    expired: async () =>
      [...this.processing]
        .filter(([taskId]) => this.leases.get(taskId) !== 'runs')
        .map(([taskId, { token, workerId, attempt, json }]) => ({
          ...{ taskId, token, queue: this.name, attempt, priority: 0, json, workerId },
          expiresAtMs: this.leases.has(taskId) ? 0 : null,
        })),
  };

  /** Everything delayed falls due. */
  elapse(): void {
    for (const json of this.delayed.keys()) this.delayed.set(json, 1);
    for (const [taskId, { attempt, untilMs }] of this.idx) {
      this.idx.set(taskId, { attempt, untilMs: Math.min(untilMs, 1) });
    }
  }

  endLeases(workerIds: readonly string[]): void {
    for (const [taskId, { workerId }] of this.processing) {
      if (workerIds.includes(workerId) && this.leases.has(taskId)) this.leases.set(taskId, 'over');
    }
  }

  lose(parts: readonly QueuePart[]): void {
    for (const part of parts) {
      if (part === 'ready') this.ready = [];
      else this[part].clear();
    }
  }

  copy(json: string): void {
    this.ready.push(json);
  }

  look(): Omit<View, 'rows'> {
    const view = (json: string): EntryView => {
      const { id, attempt = 0 } = JSON.parse(json) as QueueTask;
      return { taskId: id, attempt };
    };
    return {
      ready: this.ready.map(view),
      delayed: [...this.delayed.keys()].sort().map(view),
      idx: Object.fromEntries([...this.idx].map(([taskId, { attempt }]) => [taskId, attempt])),
      holds: Object.fromEntries(
        [...this.processing].map(([taskId, { workerId, attempt }]) => [
          taskId,
          { workerId, attempt, lease: this.leases.get(taskId) === 'runs' },
        ]),
      ),
    };
  }

  private add(dispatches: readonly Dispatch[], mode: 'new' | 'again'): number {
    let added = 0;
    for (const { entry, dueAtMs = 0 } of dispatches) {
      const untilMs = dueAtMs <= this.now() ? 0 : dueAtMs;
      const held = this.processing.get(entry.id);
      const waits = mode === 'new' ? this.idx.get(entry.id) : undefined;
      if (held && held.attempt >= entry.attempt) continue;
      if (waits && waits.attempt > entry.attempt) continue;
      if (waits?.attempt === entry.attempt && waits.untilMs <= Math.max(untilMs, this.now())) continue;
      added += 1;
      this.idx.set(entry.id, { attempt: entry.attempt, untilMs });
      if (untilMs > 0) this.delayed.set(encodeQueueTask(entry), untilMs);
      else this.ready.push(encodeQueueTask(entry));
    }
    return added;
  }

  private release({ taskId, token }: Hold): Held | undefined {
    const held = this.processing.get(taskId);
    if (held?.token !== token) return undefined;
    this.processing.delete(taskId);
    this.leases.delete(taskId);
    return held;
  }
}
