import { Logger } from '@nestjs/common';
import type { StartedTask } from '@millrace/store';
import type { Run } from './attempt-runner';

/** Handlers that ignored their signal and are still at it, although their attempt is over. */
export class LeakedHandlers {
  private readonly logger = new Logger(LeakedHandlers.name);
  private readonly runs = new Set<Run>();

  /** @param most So many may run on beside new tasks. */
  constructor(private readonly most: number) {}

  get count(): number {
    return this.runs.size;
  }

  add(run: Run, { taskId, type, attempt }: StartedTask): void {
    this.runs.add(run);
    void run.whenSettled().then(() => this.runs.delete(run));
    this.logger.error('A handler ignores its signal and still runs', { taskId, type, attempt, leaked: this.count });
  }

  /** Whether this one must keep its slot until it settles, because too many have given theirs up. */
  keepsSlot(run: Run): boolean {
    return this.runs.has(run) && this.runs.size > this.most;
  }
}
