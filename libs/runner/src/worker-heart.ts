import { hostname } from 'node:os';
import { routeOf } from '@millrace/contracts';
import type { WorkerRepository } from '@millrace/store';
import type { TaskPolicy } from '@millrace/tasks';
import type { HandlerRegistry } from './handler-registry';
import type { RunnerOptions } from './runner-options';

/**
 * Keeps this worker's row in `workers`: who it is, what it serves, and that it lives. The row is the second witness, asked
 * when Redis has lost its own.
 */
export class WorkerHeart {
  private registered = false;

  constructor(
    private readonly workerId: string,
    private readonly options: RunnerOptions,
    private readonly registry: HandlerRegistry,
    private readonly policy: TaskPolicy,
    private readonly workers: WorkerRepository,
  ) {}

  /** Registers once, then says that the worker lives. Throws `StoreUnavailable`. */
  async runOnce(): Promise<void> {
    if (this.registered && (await this.workers.beat(this.workerId))) return;
    await this.workers.register({
      workerId: this.workerId,
      host: hostname(),
      pid: process.pid,
      version: this.options.version,
      queues: [...this.options.queues.keys()],
      concurrency: this.options.workers,
      types: this.types(),
    });
    this.registered = true;
  }

  /** Takes the row away: this worker holds nothing any more. Throws `StoreUnavailable`. */
  async remove(): Promise<void> {
    await this.workers.remove(this.workerId);
  }

  private types() {
    return this.registry.types().map(({ type, timeoutMs, maxRetry, retryDelayMs, description }) => ({
      type,
      timeoutMs,
      maxRetry: maxRetry ?? this.policy.maxRetry,
      retryDelayMs: retryDelayMs ?? this.policy.retryDelayMs,
      queue: routeOf(this.policy.routes, type),
      description,
    }));
  }
}
