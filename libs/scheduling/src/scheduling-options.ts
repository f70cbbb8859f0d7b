import type { FiringScope } from '@millrace/store';
import type { ScheduleInput } from '@millrace/tasks';

/** How one process keeps schedules; read from the configuration. */
export class SchedulingOptions {
  /**
   * Stands in the record as who declares the schedules of its code: the same in all replicas and versions of an application,
   * and another one in others that declare schedules.
   */
  readonly application: string;
  /** `own`, the default: fires what its own code declares. `all`: what operators made as well, as a scheduler does. */
  readonly scope: FiringScope;
  /** Schedules to declare beside those of the code, by their names. Default none. */
  readonly schedules: Readonly<Record<string, ScheduleInput>>;
  /** How long a process that holds functions may be silent before it can be taken for lost (`QUEUE_LEASE`). Default 30 s. */
  readonly leaseMs: number;
  /** How many schedules the metrics show one by one (`SCHEDULE_METRICS_LIMIT`); 0: none. Default 100. */
  readonly metricsLimit: number;

  constructor({ application, ...options }: GivenOptions) {
    this.application = application;
    this.scope = options.scope ?? 'own';
    this.schedules = options.schedules ?? {};
    this.leaseMs = options.leaseMs ?? 30_000;
    this.metricsLimit = options.metricsLimit ?? 100;
  }
}

type GivenOptions = Pick<SchedulingOptions, 'application'> & Partial<SchedulingOptions>;
