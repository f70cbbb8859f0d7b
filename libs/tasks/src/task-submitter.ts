import { DEFAULT_QUEUE, failpoint, InvalidTask, within, type Json } from '@millrace/contracts';
import { Queues, type Dispatch } from '@millrace/queue';
import {
  LockTimedOut,
  mayWait,
  NotInTransaction,
  StoreUnavailable,
  TaskQueries,
  TaskRepository,
  type EntityManager,
  type InsertResult,
} from '@millrace/store';
import { Injectable, Logger } from '@nestjs/common';
import { BatchedCalls } from './batched-calls';
import { dispatchOf } from './dispatch-of';
import { draftTask, recordedTask, type Draft, type RecordedTask } from './draft-task';
import type { Submission, SubmitOptions, SubmittedTask } from './submission';
import { TaskIdTaken } from './task-errors';
import { TaskPolicy } from './task-policy';

/** How long an acknowledgement waits for Redis: the task is recorded by then, and the repair dispatches it. */
const dispatchDeadlineMs = (count: number) => 500 + count / 10;

const LIMITS = { maxItems: 1_000, maxBytes: 4 * 1024 * 1024, maxWaiting: 10_000 };

/** What a row costs beside its payload, roughly. */
const ROW_BYTES = 256;

/** What became of one submit: its task, or why there is none. */
interface SubmitAnswer {
  readonly result: InsertResult;
  readonly task: RecordedTask | null;
  /** Resolves when the task says whether it was dispatched. Never rejects. */
  readonly dispatched: Promise<void>;
}

/** What a transaction has recorded, and what is to be put on the queues once it has committed. */
interface Recorded {
  readonly tasks: RecordedTask[];
  readonly dispatches: Dispatch[];
}

/**
 * The one way in: records a task, then puts it on its queue.
 *
 * - When a submit resolves the task is committed in PostgreSQL; that it could not be queued is said, not thrown.
 * - Submits that wait at the same time share one INSERT and one trip to Redis; a lone one waits for nobody.
 * - A caller's transaction that is left open holds up nobody but who asks for the same task_id or unique key.
 */
@Injectable()
export class TaskSubmitter {
  private readonly logger = new Logger(TaskSubmitter.name);
  private readonly freshSubmits: BatchedCalls<Draft, SubmitAnswer>;
  private readonly namedSubmits: BatchedCalls<Draft, SubmitAnswer>;

  constructor(
    private readonly tasks: TaskRepository,
    private readonly queries: TaskQueries,
    private readonly queues: Queues,
    private readonly policy: TaskPolicy,
  ) {
    this.freshSubmits = this.batchedSubmits();
    this.namedSubmits = this.batchedSubmits();
  }

  /**
   * Submits one task.
   * Throws `InvalidTask`, `TaskIdTaken`, `TooManyWaiting`, or `StoreUnavailable` when PostgreSQL is away; with `manager`
   * also `NotInTransaction`, or what the transaction lost a race with (SQLSTATE 40P01, 40001), to be run again as a whole.
   */
  async submit(type: string, payload: Json, options: SubmitOptions = {}): Promise<SubmittedTask> {
    const draft = draftTask({ type, payload, options }, this.policy);
    if (options.manager) return this.recordOne(draft, options.manager, options.dispatchBy);

    const submits = mayWait(draft.task) ? this.namedSubmits : this.freshSubmits;
    const { result, task, dispatched } = await submits.call(draft);
    if (result.kind === 'task_id_taken') throw new TaskIdTaken(result.taskId);
    if (!task) return this.existing(result.taskId);
    await dispatched;
    return task;
  }

  /**
   * Submits all or none, in the order given; with `manager` under a savepoint, so that a caller who catches the error has
   * none of them in the transaction either.
   * Throws `InvalidTask` (fields lead with `tasks[i].`), and the rest of what `submit` throws.
   */
  async submitMany(
    submissions: readonly Submission[],
    { manager, dispatchBy = 'notice' }: Pick<SubmitOptions, 'manager' | 'dispatchBy'> = {},
  ): Promise<SubmittedTask[]> {
    const drafts = this.draftMany(submissions);
    if (__MUTANT__ === 'partial_bulk') {
      const parts = drafts.map((draft) => this.tasks.transaction((single) => this.recordMany([draft], single)));
      return (await Promise.all(parts)).flatMap(({ tasks }) => tasks);
    }
    if (manager?.queryRunner?.isTransactionActive) {
      return manager.transaction((nested) => this.recordInCaller(drafts, nested, dispatchBy));
    }
    if (manager) throw new NotInTransaction();

    const { tasks, dispatches } = await this.tasks.transaction((manager) => this.recordMany(drafts, manager));
    failpoint('after_submit');
    const answers = await this.enqueue(dispatches);
    const dispatched = answers.every(Boolean);
    for (const task of tasks) task.dispatched = dispatched;
    return tasks;
  }

  /**
   * Queues tasks that were recorded in the caller's own transaction, after it committed. Harmless when repeated.
   * Returns whether Redis took them all; if not, the repair does it.
   */
  async dispatch(tasks: readonly SubmittedTask[]): Promise<boolean> {
    failpoint('after_submit');
    const answers = await this.enqueue(tasks.filter(({ created }) => created).map((task) => dispatchOf(task)));
    return answers.every(Boolean);
  }

  private batchedSubmits(): BatchedCalls<Draft, SubmitAnswer> {
    return new BatchedCalls(
      async (drafts) => this.dispatchInserted(drafts, await this.tasks.insertMany(drafts.map(({ task }) => task))),
      (error) => !(error instanceof StoreUnavailable) || error instanceof LockTimedOut,
      { ...LIMITS, bytesOf: ({ task }) => task.payload.length + ROW_BYTES },
    );
  }

  /** Answers at once, so that the next batch is inserted while this one is on its way to Redis. */
  private dispatchInserted(drafts: readonly Draft[], results: readonly InsertResult[]): SubmitAnswer[] {
    const tasks: RecordedTask[] = [];
    const dispatches: Dispatch[] = [];
    const inserted = drafts.map((draft, index) => {
      const result = results[index];
      if (result?.kind !== 'inserted') return null;
      const task = recordedTask(draft, result);
      tasks.push(task);
      dispatches.push(dispatchOf(task, draft.task.payload));
      return task;
    });
    failpoint('after_submit');
    const dispatched = this.enqueue(dispatches).then((answers) =>
      tasks.forEach((task, index) => (task.dispatched = answers[index] ?? false)),
    );
    return results.map((result, index) => ({ result, task: inserted[index] ?? null, dispatched }));
  }

  private draftMany(submissions: readonly Submission[]): Draft[] {
    const drafts = submissions.map((submission, index) => draftTask(submission, this.policy, `tasks[${index}].`));
    const places = new Map<string, number>();
    drafts.forEach(({ task }, index) => {
      const first = places.get(task.taskId);
      if (first !== undefined) {
        throw new InvalidTask([{ field: `tasks[${index}].task_id`, message: `repeats tasks[${first}].task_id` }]);
      }
      places.set(task.taskId, index);
    });
    return drafts;
  }

  private async recordOne(
    draft: Draft,
    manager: EntityManager,
    dispatchBy: SubmitOptions['dispatchBy'] = 'notice',
  ): Promise<SubmittedTask> {
    const [task] = await this.recordInCaller([draft], manager, dispatchBy);
    if (!task) throw new Error('An insert answered with no result');
    return task;
  }

  private async recordInCaller(
    drafts: readonly Draft[],
    manager: EntityManager,
    dispatchBy: 'notice' | 'caller',
  ): Promise<SubmittedTask[]> {
    const { tasks } = await this.recordMany(drafts, manager);
    if (dispatchBy === 'notice') {
      const created = tasks.filter((task) => task.created).map(({ id }) => id);
      await this.tasks.announce(created, manager);
    }
    return tasks;
  }

  /** Throws on the first task_id that is taken, so that the transaction takes nothing. */
  private async recordMany(drafts: readonly Draft[], manager: EntityManager): Promise<Recorded> {
    const recorded: Recorded = { tasks: [], dispatches: [] };
    const byTaskId = new Map<string, RecordedTask>();
    const tasks = drafts.map(({ task }) => task);
    for await (const results of this.tasks.insertInParts(tasks, manager)) {
      for (const result of results) {
        const draft = drafts[recorded.tasks.length];
        if (result.kind === 'task_id_taken') throw new TaskIdTaken(result.taskId);
        if (result.kind === 'inserted' && draft) {
          const task = recordedTask(draft, result);
          byTaskId.set(task.taskId, task);
          recorded.tasks.push(task);
          recorded.dispatches.push(dispatchOf(task, draft.task.payload));
        } else {
          // Of tasks of one batch under one unique key the first holds it.
          const holder = byTaskId.get(result.taskId) ?? (await this.existing(result.taskId, manager));
          recorded.tasks.push({ ...holder, created: false, dispatched: true });
        }
      }
    }
    failpoint('within_submit');
    return recorded;
  }

  /** The task that holds a unique key; it may stand in the same transaction, where no other connection sees it. */
  private async existing(taskId: string, manager?: EntityManager): Promise<SubmittedTask> {
    const row = await this.queries.findByTaskId(taskId, manager);
    if (!row) throw new StoreUnavailable(`the task ${taskId} that held the unique key has just been removed`);
    return { ...row, created: false, dispatched: true };
  }

  /** Never throws: what Redis did not take is left to the repair. */
  private async enqueue(dispatches: readonly Dispatch[]): Promise<boolean[]> {
    const byQueue = new Map<string, Dispatch[]>();
    for (const dispatch of dispatches) {
      const queue = queueOf(dispatch);
      const entries = byQueue.get(queue);
      if (entries) entries.push(dispatch);
      else byQueue.set(queue, [dispatch]);
    }
    const taken = new Map<string, boolean>();
    await Promise.all(
      [...byQueue].map(async ([queue, entries]) => taken.set(queue, await this.enqueueTo(queue, entries))),
    );
    return dispatches.map((dispatch) => taken.get(queueOf(dispatch)) ?? false);
  }

  private async enqueueTo(queue: string, dispatches: Dispatch[]): Promise<boolean> {
    try {
      await within(dispatchDeadlineMs(dispatches.length), this.queues.of(queue).enqueue(dispatches));
      return true;
    } catch (error) {
      this.logger.warn('Dispatch deferred to the repair', { queue, count: dispatches.length, error });
      return false;
    }
  }
}

const queueOf = ({ entry }: Dispatch) => entry.queue ?? DEFAULT_QUEUE;
