import { Controller, Get, Header } from '@nestjs/common';
import { Worker } from '@millrace/runner';
import { StoreHealth } from '@millrace/runtime';
import { WorkerConfig } from './worker.config';

/** What this worker does and has done, for people and probes. */
@Controller('stats')
export class StatsController {
  private readonly startedAtMs = performance.now();

  constructor(
    private readonly worker: Worker,
    private readonly config: WorkerConfig,
    private readonly stores: StoreHealth,
  ) {}

  /** Durations are in milliseconds. */
  @Get()
  @Header('Cache-Control', 'no-store')
  async stats(): Promise<object> {
    const { workerId, enabled, workers, queues, loops, totals } = await this.worker.stats();
    return {
      worker_id: workerId,
      enabled,
      uptime: Math.round(performance.now() - this.startedAtMs),
      workers,
      queues,
      redis_eviction_policy: this.stores.evictionPolicy,
      retry_policy: { max_retry: this.config.queueMaxRetry, retry_delay: this.config.queueRetryDelayMs },
      loops: loops.map(({ name, turns, lastTurnAt, ageMs }) => ({
        name,
        runs: turns,
        last_run_at: lastTurnAt,
        age: ageMs,
      })),
      totals,
    };
  }
}
