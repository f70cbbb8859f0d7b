import { MAX_RETRY } from './held';
import type { RowView, View } from './stores';
import type { World } from './world';

const FINAL = new Set(['success', 'failed', 'cancelled']);
const LEADS_ON = new Set(['failed', 'snoozed', 'interrupted', 'lost']);

/** What must hold after every step, told by what can be seen from outside. */
export class Invariants {
  private before = new Map<string, RowView>();
  private retriesSeen = 0;

  constructor(private readonly world: World) {}

  /** Throws, naming the rule and the task. */
  check({ rows }: View): void {
    const retried = new Set(this.world.retries.slice(this.retriesSeen));
    this.retriesSeen = this.world.retries.length;
    for (const row of rows) {
      const before = this.before.get(row.taskId);
      if (before) this.checkChange(before, row, retried.has(row.taskId));
      this.checkHistory(row);
      this.checkStarts(row);
      this.checkHandlers(row);
    }
    this.before = new Map(rows.map((row) => [row.taskId, row]));
  }

  /** Attempts only rise; what has ended stays as it is until somebody retries it; a requested cancel wins over all but success. */
  private checkChange(before: RowView, row: RowView, retried: boolean): void {
    if (row.attempt < before.attempt) fail('attempts rise', row);
    if (FINAL.has(before.status) && !retried && JSON.stringify(before) !== JSON.stringify(row))
      fail('what is final stays', row);
    const left = before.status === 'processing' && row.status !== 'processing';
    if (left && before.cancel && row.status !== 'success' && row.status !== 'cancelled')
      fail('a cancel ends the task', row);
  }

  /** Every attempt but a running one has one outcome, and each leads to the next. Budgets are spent by what they are for. */
  private checkHistory({ taskId, attempt, status, outcomes, retryCount, crashCount }: RowView): void {
    const row = { taskId, attempt, status, outcomes };
    const ended = status === 'processing' ? attempt - 1 : attempt;
    if (outcomes.length !== ended) fail('one outcome an attempt', row);
    const words = outcomes.map((outcome) => outcome.split(' ')[1] ?? '');
    const wasRetried = this.world.retries.includes(taskId);
    for (const word of words.slice(0, -1))
      if (!LEADS_ON.has(word) && !wasRetried) fail('every start has a reason', row);
    if (words.slice(0, -1).includes('succeeded')) fail('nothing follows a success', row);
    if (wasRetried) return;
    const failures = words.filter((word) => word === 'failed').length;
    // A failure that a requested cancel turned into the end has spent its retry as well.
    const most = failures + (words.at(-1) === 'cancelled' ? 1 : 0);
    if (retryCount < Math.min(failures, MAX_RETRY) || retryCount > Math.min(most, MAX_RETRY)) {
      fail('failures spend retries', row);
    }
    if (crashCount !== words.filter((word) => word === 'lost').length) fail('losses spend the crash budget', row);
  }

  /** No attempt is started twice, and none that the record does not know. */
  private checkStarts(row: RowView): void {
    const attempts = this.world.starts.filter(({ taskId }) => taskId === row.taskId).map(({ attempt }) => attempt);
    if (new Set(attempts).size !== attempts.length) fail('an attempt starts once', row);
    if (attempts.some((attempt) => attempt > row.attempt)) fail('the record knows every start', row);
  }

  /** Of the handlers that run one at most is the current attempt; every other one's worker was taken for lost. */
  private checkHandlers(row: RowView): void {
    for (const { attempt, workerId } of this.world.running.filter(({ taskId }) => taskId === row.taskId)) {
      const isCurrent = row.status === 'processing' && row.attempt === attempt && row.workerId === workerId;
      if (!isCurrent && !row.outcomes.includes(`${attempt} lost`)) fail('only a lost worker runs on', row);
    }
  }
}

function fail(rule: string, row: object): never {
  throw new Error(`${rule}: ${JSON.stringify(row)}`);
}
