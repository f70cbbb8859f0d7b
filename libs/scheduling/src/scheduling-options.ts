/** How one process keeps schedules; read from the configuration. */
export class SchedulingOptions {
  /** How long a process that holds functions may be silent before it can be taken for lost (`QUEUE_LEASE`). Default 30 s. */
  readonly leaseMs: number;
  /** How many schedules the metrics show one by one (`SCHEDULE_METRICS_LIMIT`); 0: none. Default 100. */
  readonly metricsLimit: number;

  constructor(options: Partial<SchedulingOptions> = {}) {
    this.leaseMs = options.leaseMs ?? 30_000;
    this.metricsLimit = options.metricsLimit ?? 100;
  }
}
