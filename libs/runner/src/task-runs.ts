import type { StartedTask } from '@millrace/store';
import type { TaskSubmitter } from '@millrace/tasks';
import { Attempt, type Run } from './attempt-runner';
import { HandlerContext } from './handler-context';
import type { HandlerRegistry, RegisteredHandler } from './handler-registry';
import type { HeldTask } from './held-tasks';
import type { CellSpec } from './isolation/cell-body';
import type { Cells } from './isolation/cells';
import { IsolatedAttempt } from './isolation/isolated-attempt';
import { isolationOf } from './isolation/isolation-of';
import type { ProgressWriter } from './progress-writer';

export interface TaskRunsParts {
  readonly cells: Cells;
  readonly registry: HandlerRegistry;
  readonly submitter: TaskSubmitter;
  readonly progress: ProgressWriter;
}

/** Where the handler of a task runs: among the others, or in a cell when its type or its lost attempts ask for one. */
export class TaskRuns {
  constructor(private readonly parts: TaskRunsParts) {}

  /**
   * Keeps a cell for a task that needs one. False when all are taken: shown to the gate, it would spend attempts, and the slots
   * of others, on waiting.
   */
  reserve(held: HeldTask): boolean {
    const { cells, registry } = this.parts;
    const { type, raw, crashCount } = held.claim;
    const handler = registry.find(type);
    // An entry without a row gets it at the gate, and is put off after that.
    if (!handler || raw || !this.cellFor(handler, crashCount)) return true;
    held.place = cells.reserve();
    return held.place !== null;
  }

  /** The attempt, in a cell if it needs one; null when it needs one and all are taken. */
  runOf(held: HeldTask, task: StartedTask, handler: RegisteredHandler): Run | null {
    const { cells, submitter, progress } = this.parts;
    const timeoutMs = task.timeoutMs ?? handler.timeoutMs;
    const setProgress = (progressJson: string) =>
      progress.set(held, { id: task.id, attempt: task.attempt, progressJson });
    const spec = this.cellFor(handler, task.crashCount);
    if (!spec) {
      return new Attempt(
        (source) =>
          handler.handler.handle(task.payload as never, new HandlerContext(task, source, submitter, setProgress)),
        timeoutMs,
      );
    }
    const place = (held.place ??= cells.reserve());
    if (!place) return null;
    const trusted = () => performance.now() <= held.trustedUntilMs;
    const run = new IsolatedAttempt({ place, spec, task, timeoutMs, trusted, setProgress });
    // Lost tasks are rare, declared ones come again.
    if (handler.isolated) cells.prepare(spec);
    return run;
  }

  private cellFor(handler: RegisteredHandler, crashCount: number): CellSpec | null {
    return this.parts.cells.possible ? isolationOf(handler, crashCount) : null;
  }
}
