import type {
  InsertResult,
  NewTask,
  OutcomeRecord,
  RecordedOutcome,
  Rescue,
  Start,
  StartResult,
  TaskRow,
} from '@millrace/store';
import type { Json } from '@millrace/contracts';
import type { RecordStore, RowView } from './stores';

type Changeable<T> = { -readonly [Field in keyof T]: T[Field] };
type Row = Changeable<TaskRow>;

/** The record's protocol in plain words: which write about a task wins, and what it makes of the row. */
export class MemoryRecord implements RecordStore {
  private readonly byTaskId = new Map<string, Row>();
  private readonly outcomes = new Map<string, Map<number, string>>();

  constructor(private readonly now: () => number) {}

  async insertMany(tasks: readonly NewTask[]): Promise<InsertResult[]> {
    return tasks.map((task) => {
      const { taskId } = task;
      if (this.byTaskId.has(taskId)) return { kind: 'task_id_taken', taskId };
      const row = newRow(task, this.byTaskId.size + 1, new Date(this.now()));
      this.byTaskId.set(taskId, row);
      this.outcomes.set(taskId, new Map());
      return { kind: 'inserted', id: row.id, taskId, createdAt: row.createdAt, runAt: row.runAt };
    });
  }

  async startMany(starts: readonly Start[], workerId: string): Promise<StartResult[]> {
    return starts.map(({ taskId, attempt }): StartResult => {
      const row = this.byTaskId.get(taskId);
      if (!row) return { kind: 'refused', taskId, reason: 'no_row' };
      if (row.status === 'processing') return { kind: 'refused', taskId, reason: 'running' };
      if (row.status !== 'pending') return { kind: 'refused', taskId, reason: 'final' };
      if (row.attempt !== attempt) return { kind: 'refused', taskId, reason: 'stale' };
      if (row.runAt.getTime() > this.now()) return { kind: 'early', taskId, dueInMs: row.runAt.getTime() - this.now() };
      Object.assign(row, { status: 'processing', attempt: attempt + 1, workerId, startedAt: new Date(this.now()) });
      return { kind: 'started', task: { ...row } };
    });
  }

  async recordOutcomes(records: readonly OutcomeRecord[]): Promise<RecordedOutcome[]> {
    return records.flatMap((record) => {
      const row = this.running(record.taskId, record.attempt);
      if (!row) return [];
      const stops = row.cancelRequestedAt !== null && record.status !== 'success';
      row.retryCount = record.retryCount;
      row.crashCount = record.crashCount;
      this.leave(row, stops ? 'cancelled' : record.status, stops ? 'cancelled' : record.outcome, record.delayMs ?? 0);
      return [recorded(row)];
    });
  }

  async rescueIfProcessing(rescues: readonly Rescue[]): Promise<RecordedOutcome[]> {
    return rescues.flatMap(({ taskId, attempt, workerId, crashLimit }) => {
      const row = this.running(taskId, attempt);
      if (row?.workerId !== workerId) return [];
      row.crashCount += 1;
      const status = row.crashCount >= crashLimit ? 'failed' : 'pending';
      this.leave(row, row.cancelRequestedAt === null ? status : 'cancelled', 'lost', 0);
      return [recorded(row)];
    });
  }

  async cancelIfPending(taskId: string): Promise<TaskRow | null> {
    const row = this.byTaskId.get(taskId);
    if (row?.status !== 'pending') return null;
    row.status = 'cancelled';
    return { ...row };
  }

  async requestCancelIfProcessing(taskId: string): Promise<TaskRow | null> {
    const row = this.byTaskId.get(taskId);
    if (row?.status !== 'processing') return null;
    row.cancelRequestedAt ??= new Date(this.now());
    return { ...row };
  }

  async retryIfFinal(taskId: string): Promise<TaskRow | null> {
    const row = this.byTaskId.get(taskId);
    if (row?.status !== 'failed' && row?.status !== 'cancelled') return null;
    Object.assign(row, { retryCount: 0, crashCount: 0, ...WAITING, runAt: new Date(this.now()) });
    return { ...row };
  }

  rows(): TaskRow[] {
    return [...this.byTaskId.values()].map((row) => ({ ...row }));
  }

  /** Everything delayed falls due. */
  elapse(): void {
    for (const row of this.byTaskId.values()) if (row.status === 'pending') row.runAt = row.createdAt;
  }

  look(): RowView[] {
    return this.rows().map((row) => ({
      taskId: row.taskId,
      status: row.status,
      attempt: row.attempt,
      workerId: row.status === 'processing' ? row.workerId : null,
      retryCount: row.retryCount,
      crashCount: row.crashCount,
      cancel: row.cancelRequestedAt !== null,
      outcomes: [...(this.outcomes.get(row.taskId) ?? [])]
        .sort(([a], [b]) => a - b)
        .map(([attempt, outcome]) => `${attempt} ${outcome}`),
    }));
  }

  private running(taskId: string, attempt: number): Row | undefined {
    const row = this.byTaskId.get(taskId);
    return row?.status === 'processing' && row.attempt === attempt ? row : undefined;
  }

  private leave(row: Row, status: TaskRow['status'], outcome: string, delayMs: number): void {
    this.outcomes.get(row.taskId)?.set(row.attempt, outcome);
    row.status = status;
    if (status === 'pending') Object.assign(row, WAITING, { runAt: new Date(this.now() + delayMs) });
  }
}

const WAITING = { status: 'pending', workerId: null, startedAt: null, cancelRequestedAt: null } as const;

function recorded({ taskId, status, attempt, runAt }: TaskRow): RecordedOutcome {
  return { taskId, status, attempt, runAt };
}

function newRow(task: NewTask, id: number, createdAt: Date): Row {
  const { taskId, type, queue, priority, maxRetry, retryDelayMs } = task;
  return {
    ...{ id, taskId, type, queue, priority, maxRetry, retryDelayMs, createdAt, updatedAt: createdAt },
    ...{ status: 'pending', attempt: 0, retryCount: 0, crashCount: 0, runAt: createdAt },
    ...{ payload: JSON.parse(task.payload) as Json, result: null, progress: null, userId: null, backoff: null },
    ...{ timeoutMs: null, errorMessage: null, errorCode: null, workerId: null, scheduleId: null, slotAt: null },
    ...{ uniqueKey: null, expiresAt: null, cancelRequestedAt: null, startedAt: null, finishedAt: null, trace: null },
  };
}
