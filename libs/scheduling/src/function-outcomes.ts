import type { OutcomeRecord, TaskRepository } from '@millrace/store';
import { Logger } from '@nestjs/common';

/** Records how the functions of this process ended, and keeps what the record does not take until it does. */
export class FunctionOutcomes {
  private readonly logger = new Logger('Scheduler');
  /** By task. While the database is away no recorded run begins, so these do not grow. */
  private readonly waiting = new Map<string, OutcomeRecord>();

  constructor(private readonly tasks: TaskRepository) {}

  /** How many wait for the database. */
  get kept(): number {
    return this.waiting.size;
  }

  keeps(taskId: string): boolean {
    return this.waiting.has(taskId);
  }

  /** Records one, or keeps it for `recordKept`. */
  async recordOrKeep(outcome: OutcomeRecord): Promise<void> {
    try {
      await this.record(outcome);
    } catch (error) {
      this.waiting.set(outcome.taskId, outcome);
      this.logger.warn('The outcome of a function waits for the database', { taskId: outcome.taskId, error });
    }
  }

  /** Tries again what was kept. Throws `StoreUnavailable`. */
  async recordKept(): Promise<void> {
    for (const outcome of [...this.waiting.values()]) await this.record(outcome);
  }

  private async record(outcome: OutcomeRecord): Promise<void> {
    const [won] = await this.tasks.recordOutcomes([outcome]);
    this.waiting.delete(outcome.taskId);
    if (!won) this.logger.warn('The outcome of a function came after it was given up', { taskId: outcome.taskId });
  }
}
