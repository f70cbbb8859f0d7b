import { availableParallelism } from 'node:os';
import type { Type } from '@nestjs/common';
import { DEFAULT_QUEUE } from '@millrace/contracts';
import type { Handler } from './task-handler';

/** How one worker process works; read from the configuration. */
export class RunnerOptions {
  /** Whether it takes tasks at all (`QUEUE_ENABLED`). Default true. */
  readonly enabled: boolean;
  /** Tasks running at once (`QUEUE_WORKERS`). Default 10. */
  readonly workers: number;
  /** Isolated attempts running at once, among `workers` (`QUEUE_ISOLATED_WORKERS`). Default: the number of processors. */
  readonly isolatedWorkers: number;
  /** How long a claim is exclusive unless renewed (`QUEUE_LEASE`). Default 30 s. */
  readonly leaseMs: number;
  /** An event loop that has been busy for this long is dead: its leases lapse. Default 15 s. */
  readonly deadLoopMs: number;
  /** Longest sleep between two looks at the delayed tasks (`QUEUE_POLL_INTERVAL`). Default 5 s. */
  readonly pollIntervalMs: number;
  /** The queues it serves, each with its weight (`QUEUE_QUEUES`). Default the default queue alone. */
  readonly queues: ReadonlyMap<string, number>;
  /** How long a stopping worker waits for running tasks before it aborts them (`SHUTDOWN_TIMEOUT`). Default 25 s. */
  readonly shutdownTimeoutMs: number;
  /** Outcomes that wait in memory while PostgreSQL does not take them (`WORKER_OUTCOME_BUFFER`). Default 10,000. */
  readonly outcomeBuffer: number;
  /** Where outcomes are saved that PostgreSQL does not take (`WORKER_SPILL_FOLDER`). Default null: nowhere. */
  readonly spillFolder: string | null;
  /** Most bytes of all files in that folder (`WORKER_SPILL_LIMIT`). Default 256 MiB. */
  readonly spillLimitBytes: number;
  /** Handler classes that are provided and yet not to serve their type. Default none. */
  readonly leaveOut: readonly Type<Handler<never>>[];
  /** Shown in `GET /workers`. Default `0.0.0`. */
  readonly version: string;

  constructor(options: Partial<RunnerOptions> = {}) {
    this.enabled = options.enabled ?? true;
    this.workers = options.workers ?? 10;
    this.isolatedWorkers = options.isolatedWorkers ?? availableParallelism();
    this.leaseMs = options.leaseMs ?? 30_000;
    this.deadLoopMs = options.deadLoopMs ?? 15_000;
    this.pollIntervalMs = options.pollIntervalMs ?? 5_000;
    this.queues = options.queues ?? new Map([[DEFAULT_QUEUE, 1]]);
    this.shutdownTimeoutMs = options.shutdownTimeoutMs ?? 25_000;
    this.outcomeBuffer = options.outcomeBuffer ?? 10_000;
    this.spillFolder = options.spillFolder ?? null;
    this.spillLimitBytes = options.spillLimitBytes ?? 256 * 1024 * 1024;
    this.leaveOut = options.leaveOut ?? [];
    this.version = options.version ?? '0.0.0';
  }
}
