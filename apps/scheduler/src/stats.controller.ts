import { StoreHealth } from '@millrace/runtime';
import { Controller, Get, Header } from '@nestjs/common';
import { DutyLoops, SchedulerService, type DutyStats, type JobStats } from '@millrace/scheduling';

/** What this replica of the scheduler has been doing; the other replicas answer for themselves. */
@Controller('stats')
export class StatsController {
  constructor(
    private readonly scheduler: SchedulerService,
    private readonly duties: DutyLoops,
    private readonly stores: StoreHealth,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  stats() {
    return {
      uptime_ms: Math.round(process.uptime() * 1_000),
      redis_eviction_policy: this.stores.evictionPolicy,
      jobs: this.scheduler.stats().map(jobView),
      duties: this.duties.stats().map(dutyView),
    };
  }
}

function jobView(job: JobStats) {
  return {
    name: job.name,
    kind: job.kind,
    spec: job.spec,
    running: job.running,
    next_run_at: job.nextRunAt,
    previous_run_at: job.previousRunAt,
    last_duration: job.lastDurationMs,
    last_error: job.lastError,
    runs: job.runs,
    failures: job.failures,
    skipped: job.skipped,
    missed: job.missed,
  };
}

function dutyView(duty: DutyStats) {
  return {
    name: duty.name,
    interval: duty.intervalMs,
    runs: duty.runs,
    failures: duty.failures,
    last_run_at: duty.lastRunAt,
    age: duty.ageMs,
    last_duration: duty.lastDurationMs,
    last_counts: duty.lastCounts,
    totals: duty.totals,
    last_error: duty.lastError,
  };
}
