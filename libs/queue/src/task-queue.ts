import { BadEntries } from './bad-entries';
import { chunksByBytes, chunksOf } from './chunks';
import { BATCH_LIMIT, claimCall, RAW_ENTRY_BYTES, readClaims, type ClaimLimits } from './claim-call';
import type { RedisConnections } from './connections';
import { DelayedWatch } from './delayed-watch';
import { queueKeys, type QueueKeys } from './keys';
import { ackHolds, putBackClaims } from './let-go';
import type { BadHold, Claim, Dispatch, Hold, LostHold, QueueDepth, Returned, UnrecordedEntry } from './queue-entries';
import type { QueueOptions } from './queue-options';
import { QueueRepair } from './queue-repair';
import { encodeQueueTask, readEntry } from './queue-task-codec';
import { renewHolds, type Renewal, type RunScript } from './renew-holds';
import { scripts, type ClaimReply } from './scripts';
import { sweepLanding } from './sweep-landing';
import { UnrecordedNotes } from './unrecorded-notes';
import { WorkWait } from './work-wait';

/** Entries due in the same millisecond that are looked at to find one. */
const FORGET_LIMIT = 100;

/** Entries that one call puts into a queue. */
const ENQUEUE_PIECE = 200;

interface Wait {
  readonly workerId: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * One queue in Redis.
 *
 * - Everything here is a hint: what may start, and how it ended, is decided by the record in PostgreSQL.
 * - Times are compared by Redis' own clock alone.
 * - Every method throws `QueueUnavailable` while Redis is away or, where it needs memory, full; only the waits never throw.
 */
export class TaskQueue {
  /** What it has lost, and who has left it. */
  readonly repair: QueueRepair;
  private readonly keys: QueueKeys;
  private readonly delayedWatch: DelayedWatch;
  private readonly notes: UnrecordedNotes;
  private readonly bad: BadEntries;
  private readonly waits = new Map<string, WorkWait>();
  private readonly run: RunScript = (script, keys, args) =>
    this.connections.run((redis) => script.run(redis, keys, args));

  constructor(
    readonly name: string,
    private readonly connections: RedisConnections,
    private readonly options: QueueOptions,
  ) {
    this.keys = queueKeys(options.prefix, name);
    this.delayedWatch = new DelayedWatch(connections, this.keys);
    this.notes = new UnrecordedNotes(connections, this.keys.unrecorded, options.maxPayloadBytes);
    this.bad = new BadEntries(name, connections, this.keys, options.onBadEntries);
    this.repair = new QueueRepair({
      queue: name,
      connections,
      keys: this.keys,
      bad: this.bad,
      maxPayloadBytes: options.maxPayloadBytes,
    });
  }

  /**
   * Puts recorded tasks into their ready list or, when due later, into the delayed set. Any number of them.
   * Skips what is held with its attempt or later, and what waits with a later attempt or with this one, due no later.
   * Returns how many were added. When it throws, some may have been added; doing it again is safe.
   */
  async enqueue(dispatches: readonly Dispatch[]): Promise<number> {
    return this.add('new', dispatches);
  }

  /**
   * Like `enqueue`, but adds also what is known to wait: for repair, after the lists lost entries that the index still
   * counts. The start gate drops a duplicate.
   */
  async enqueueAgain(dispatches: readonly Dispatch[]): Promise<number> {
    return this.add('again', dispatches);
  }

  /**
   * Removes the entry of a task that has ended, of that attempt, from the delayed set, if it is found at once. What stays
   * is dropped at the start gate. Returns whether it was removed.
   */
  async forget({ taskId, attempt }: { taskId: string; attempt: number }): Promise<boolean> {
    const { idx, delayed } = this.keys;
    return (await this.run(scripts.forget, [idx, delayed], [taskId, attempt, FORGET_LIMIT])) > 0;
  }

  /**
   * Leases up to `limit` (at most 500) ready tasks to a worker for `leaseMs`, under one token: what landed for it first,
   * then by priority. Fewer than `limit` does not mean that no more are ready. Unreadable entries are set aside in `P:bad`.
   */
  async claim({ workerId, limit, leaseMs }: ClaimLimits): Promise<Claim[]> {
    if (limit < 1) return [];
    const { token, keys, args } = claimCall(this.keys, { workerId, limit, leaseMs }, 'any');
    return this.accept(token, await this.run(scripts.claim, keys, args));
  }

  /**
   * Blocks until work may be there, for at most `timeoutMs`, or until the signal aborts. Claim before the first wait:
   * that announces the worker, so that what lands for it is found again when it dies. Never throws.
   */
  async waitForWork({ workerId, timeoutMs, signal }: Wait): Promise<void> {
    await this.waitOf(workerId).wait(timeoutMs, signal);
  }

  /**
   * Waits like `waitForWork` and claims like `claim` what has come, in the same round trip; nothing when nothing came. The lease
   * counts from a moment of the wait that only Redis knows.
   */
  async claimWhenReady({ workerId, limit, leaseMs, timeoutMs, signal }: Wait & ClaimLimits): Promise<Claim[]> {
    const { token, keys, args } = claimCall(this.keys, { workerId, limit, leaseMs }, 'landed');
    const reply = await this.waitOf(workerId).wait(timeoutMs, signal, (pipeline) =>
      scripts.claim.addTo(pipeline, keys, args),
    );
    return reply === undefined ? [] : this.accept(token, reply as ClaimReply);
  }

  /** Marks a worker as alive, also without holds, and extends the leases it holds. Returns those it could not extend. */
  async renew(renewal: Renewal): Promise<LostHold[]> {
    return renewHolds(this.run, this.keys, renewal);
  }

  /**
   * Extends leases for `forMs` from now without a word about who holds them: what their tasks did is yet to be recorded, and
   * must not be done again meanwhile. Returns the holds that are gone.
   */
  async keep(holds: readonly Hold[], { forMs }: { forMs: number }): Promise<LostHold[]> {
    return holds.length === 0 ? [] : this.renew({ workerId: null, leaseMs: forMs, holds });
  }

  /** Marks a worker as alive. */
  async beat(workerId: string): Promise<void> {
    await this.renew({ workerId, leaseMs: 0, holds: [] });
  }

  /**
   * Puts running tasks back after Redis lost their holds; `attempt` is the number that the start gate gave.
   * Returns the ids of those put back: not those that a later attempt holds.
   */
  async reassert(running: {
    workerId: string;
    leaseMs: number;
    claims: readonly (Hold & { readonly attempt: number; readonly json: string })[];
  }): Promise<string[]> {
    const restored: string[] = [];
    for (const chunk of chunksByBytes(running.claims)) {
      const fields = chunk.flatMap(({ taskId, token, attempt, json }) => [taskId, token, attempt, json]);
      const { processing, leases } = this.keys;
      restored.push(
        ...(await this.run(scripts.reassert, [processing, leases], [running.workerId, running.leaseMs, ...fields])),
      );
    }
    return restored;
  }

  /** Lets go of tasks that are done with. Returns how many were held by these tokens. */
  async ack(holds: readonly Hold[]): Promise<number> {
    return ackHolds(this.run, this.keys, holds);
  }

  /** Sets claimed entries aside in `P:bad`, because no task can be made of them. */
  async setAside(holds: readonly BadHold[]): Promise<void> {
    await this.bad.setAside(holds);
  }

  /**
   * Returns claimed tasks: with `delayMs` 0 they are the next to be taken, otherwise they wait that long in the delayed
   * set. Entries go back unchanged unless `as` takes their place. Returns how many were held by these tokens.
   */
  async putBack(claims: readonly Returned[], { delayMs }: { delayMs: number }): Promise<number> {
    return putBackClaims(this.run, this.keys, { claims, delayMs });
  }

  /**
   * Moves up to `limit` (at most 500) due tasks to their ready lists. `nextDueInMs` is 0 when more are due, null when
   * nothing is delayed; it is never longer than a year.
   */
  async promote({ limit }: { limit: number }): Promise<{ moved: number; nextDueInMs: number | null }> {
    const { delayed, ready } = this.keys;
    const [moved, nextDueInMs] = await this.run(
      scripts.promote,
      [delayed, ...ready],
      [Math.min(limit, BATCH_LIMIT), RAW_ENTRY_BYTES],
    );
    return { moved, nextDueInMs: nextDueInMs < 0 ? null : nextDueInMs };
  }

  /**
   * Waits until the delayed set may have changed since the last such wait ended, whoever changed it, for at most
   * `timeoutMs`, or until the signal aborts. Never throws. One caller at a time.
   */
  async waitForDelayedChange({ timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal }): Promise<void> {
    await this.delayedWatch.wait(timeoutMs, signal);
  }

  /** Forgets a worker that shuts down, after giving back what landed for it. */
  async removeWorker(workerId: string): Promise<void> {
    this.waits.get(workerId)?.close();
    this.waits.delete(workerId);
    await sweepLanding(this.connections, this.keys, { workerId, olderThanMs: 0 });
  }

  /** Up to `limit` submits that were left without a row, in no order. */
  async unrecorded(limit: number): Promise<UnrecordedEntry[]> {
    return this.notes.read(limit);
  }

  /** Drops the notes of submits that have a row now. */
  async confirmRecorded(taskIds: readonly string[]): Promise<void> {
    await this.notes.drop(taskIds);
  }

  /** Counts of the queue at one moment. */
  async depth(): Promise<QueueDepth> {
    const { delayed, processing: held, bad: badList, unrecorded: notes, idx, ready: lists } = this.keys;
    const counts = await this.run(scripts.depth, [delayed, held, badList, notes, idx, ...lists], []);
    const [ready = 0, waiting = 0, processing = 0, bad = 0, unrecorded = 0, indexed = 0] = counts;
    return { ready, delayed: waiting, processing, bad, unrecorded, indexed };
  }

  /** `created_at` (ISO 8601) of the oldest ready entry of priority 0; null when there is none or it does not say. */
  async oldestReady(): Promise<string | null> {
    // A wake mark may stand to its right.
    const oldest = await this.connections.run((redis) => redis.lrange(this.keys.tasks, -2, -1));
    const json = oldest.reverse().find((item) => item !== WAKE_MARK);
    return (json === undefined ? undefined : readEntry(json)?.created_at) ?? null;
  }

  private async add(mode: 'new' | 'again', dispatches: readonly Dispatch[]): Promise<number> {
    const { idx, processing, delayed, ready } = this.keys;
    const keys = [idx, processing, delayed, ...ready];
    const send = (entries: readonly WrittenDispatch[]) => {
      const args: (string | number)[] = [mode];
      for (const { dispatch, json } of entries) {
        const { entry, dueAtMs = 0 } = dispatch;
        args.push(entry.id, entry.attempt, Math.max(0, Math.ceil(dueAtMs)), entry.priority ?? 0, json);
      }
      return this.run(scripts.enqueue, keys, args);
    };
    // Redis works on one piece while the next is written: of pieces of 500, each 1,000 take a tenth longer.
    const added = await Promise.all(
      chunksOf(dispatches, ENQUEUE_PIECE).flatMap((piece) => chunksByBytes(piece.map(written)).map(send)),
    );
    return added.reduce((sum, count) => sum + count, 0);
  }

  private waitOf(workerId: string): WorkWait {
    let wait = this.waits.get(workerId);
    if (!wait) {
      wait = new WorkWait(this.connections, this.keys, workerId);
      this.waits.set(workerId, wait);
    }
    return wait;
  }

  private async accept(token: string, reply: ClaimReply): Promise<Claim[]> {
    const { claims, malformed, unreadable } = readClaims(reply, {
      queue: this.name,
      token,
      maxPayloadBytes: this.options.maxPayloadBytes,
    });
    this.bad.report(unreadable);
    await this.bad.setAside(malformed);
    if (__MUTANT__ === 'claim_without_lease') await this.ack(claims);
    return claims;
  }
}

interface WrittenDispatch {
  readonly dispatch: Dispatch;
  readonly json: string;
}

function written(dispatch: Dispatch): WrittenDispatch {
  return { dispatch, json: dispatch.json ?? encodeQueueTask(dispatch.entry) };
}

/** What is pushed to an empty priority-0 list to wake a blocked worker for the other lists. */
const WAKE_MARK = '*';
