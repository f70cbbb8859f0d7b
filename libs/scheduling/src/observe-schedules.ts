import { ScheduleRepository } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { DeclaredSchedules } from './declared-schedules';
import type { Duty, DutyCounts } from './duty';
import { ScheduleMetrics } from './schedule-metrics';
import { SchedulingOptions } from './scheduling-options';

/**
 * Keeps the metrics of single schedules up to date, of `metricsLimit` at most: those of this process's code first, then, where
 * it fires them, the oldest. Every replica of the same code shows the same.
 */
@Injectable()
export class ObserveSchedules implements Duty {
  readonly name = 'observe-schedules';
  readonly intervalMs = 15_000;

  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly declared: DeclaredSchedules,
    private readonly metrics: ScheduleMetrics,
    private readonly options: SchedulingOptions,
  ) {}

  async runOnce(): Promise<DutyCounts> {
    const first = this.declared.names();
    const { scope, metricsLimit } = this.options;
    const limit = scope === 'own' ? Math.min(metricsLimit, first.length) : metricsLimit;
    if (limit === 0) return { observed: 0 };
    const watched = await this.schedules.watched({ first, limit });
    this.metrics.watched(watched);
    return { observed: watched.length };
  }
}
