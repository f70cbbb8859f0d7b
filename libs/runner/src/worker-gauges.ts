import type { RenewalThread } from '@millrace/queue';
import type { LoopWatch, Metrics } from '@millrace/runtime';
import type { OutcomeBuffer } from './outcome-buffer';
import type { Slots } from './slots';

/** What the gauges of one worker are read from. */
export interface GaugedWorker {
  readonly slots: Slots;
  readonly buffer: OutcomeBuffer;
  readonly leaked: () => number;
  readonly isolated: () => number;
  readonly watch: LoopWatch;
  readonly renewals: RenewalThread;
}

/** Shows in `/metrics` what a worker is at. */
export function gaugeWorker(
  metrics: Metrics,
  { slots, buffer, leaked, isolated, watch, renewals }: GaugedWorker,
): void {
  metrics.gauge({ name: 'millrace_worker_slots', help: 'Slots of this worker.', labelNames: ['state'] }, (gauge) => {
    gauge.set({ state: 'busy' }, slots.total - slots.free);
    gauge.set({ state: 'free' }, slots.free);
  });
  metrics.gauge(
    { name: 'millrace_worker_leaked_handlers', help: 'Handlers that ignored their signal and still run.' },
    (gauge) => gauge.set(leaked()),
  );
  metrics.gauge(
    { name: 'millrace_worker_isolated_attempts', help: 'Child processes and threads that run an attempt.' },
    (gauge) => gauge.set(isolated()),
  );
  metrics.gauge(
    { name: 'millrace_worker_outcomes_waiting', help: 'Outcomes in memory that PostgreSQL has not taken yet.' },
    (gauge) => gauge.set(buffer.size),
  );
  metrics.gauge(
    { name: 'millrace_loop_age_seconds', help: 'Since a background loop last came round.', labelNames: ['loop'] },
    (gauge) => {
      for (const { name, ageMs } of watch.reports()) gauge.set({ loop: name }, ageMs / 1_000);
    },
  );
  metrics.gauge(
    {
      name: 'millrace_worker_thread_renewals',
      help: 'Renewals by the renewal thread since the start, because the event loop was late, by result (ok, failed).',
      labelNames: ['result'],
    },
    (gauge) => {
      const { renewals: all, failures } = renewals.counts;
      gauge.set({ result: 'ok' }, all - failures);
      gauge.set({ result: 'failed' }, failures);
    },
  );
}
