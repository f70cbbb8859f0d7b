import { describe, expect, it } from 'vitest';
import { reportOf, type Findings } from './inspection-report';

const HEALTHY: Findings = {
  tasks: { pending: 1, processing: 2, success: 30, failed: 0, cancelled: 0 },
  queues: [{ queue: 'default', ready: 1, delayed: 0, processing: 2, bad: 0, oldest_ready_age: 40, workers: 1 }],
  failures: [],
  workers: [{ worker_id: 'w', host: 'h', queues: ['default'], concurrency: 10 }],
  unroutable: [],
};

describe('the inspection report', () => {
  it('says in a line how things are, and warns of nothing when they are well', () => {
    const report = reportOf(HEALTHY, new Date(0));

    expect(report.summary).toBe(
      '1 task waiting, 2 running in 1 queue; 1 worker with 10 slots; nothing failed for good in the last hour',
    );
    expect(report.warnings).toEqual([]);
    expect(report.at).toBe('1970-01-01T00:00:00.000Z');
  });

  it('warns of what needs a person', () => {
    const { warnings } = reportOf(
      {
        ...HEALTHY,
        workers: [],
        queues: [{ queue: 'mail', ready: 3, delayed: 0, processing: 0, bad: 1, oldest_ready_age: 600_500, workers: 0 }],
        failures: [{ type: 'send_email', error_code: 'timeout', count: 12 }],
        unroutable: [{ type: 'typo', pending: 4 }],
      },
      new Date(0),
    );

    expect(warnings).toEqual([
      'No worker is alive.',
      'Queue mail has 3 ready tasks and no live worker serves it.',
      'The oldest ready task of queue mail has waited 10m.',
      'Queue mail has set 1 unreadable entry aside.',
      '4 tasks of type typo waiting, which no live worker serves.',
      '12 tasks failed for good in the last hour, most of them send_email (timeout).',
    ]);
  });
});
