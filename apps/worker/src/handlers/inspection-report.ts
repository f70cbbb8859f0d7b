import { formatDuration } from '@millrace/contracts';

/** One queue in the report. */
export interface QueueLine {
  readonly queue: string;
  readonly ready: number;
  readonly delayed: number;
  readonly processing: number;
  /** Entries set aside because nobody can read them. */
  readonly bad: number;
  /** Age of the oldest ready entry, in milliseconds; null when nothing is ready. */
  readonly oldest_ready_age: number | null;
  /** Live workers that serve the queue. */
  readonly workers: number;
}

export interface FailureLine {
  readonly type: string;
  readonly error_code: string | null;
  readonly count: number;
}

export interface WorkerLine {
  readonly worker_id: string;
  readonly host: string;
  readonly queues: readonly string[];
  readonly concurrency: number;
}

/** Waiting tasks of a type that no live worker serves. */
export interface UnroutableLine {
  readonly type: string;
  readonly pending: number;
}

/** What was found, before anything is said about it. */
export interface Findings {
  readonly tasks: Readonly<Record<'pending' | 'processing' | 'success' | 'failed' | 'cancelled', number>>;
  readonly queues: readonly QueueLine[];
  /** Final failures of the last hour. */
  readonly failures: readonly FailureLine[];
  readonly workers: readonly WorkerLine[];
  readonly unroutable: readonly UnroutableLine[];
}

/** What `queue_inspection` records: findings, and what a person should know of them. */
export interface InspectionReport extends Findings {
  readonly at: string;
  readonly summary: string;
  readonly warnings: readonly string[];
}

/** A ready task that is older than this has waited for too long, in milliseconds. */
const LONG_WAIT_MS = 5 * 60_000;

/** So many final failures in an hour deserve a look. */
const MANY_FAILURES = 10;

/** Says in words what the findings mean. */
export function reportOf(findings: Findings, at: Date): InspectionReport {
  return { at: at.toISOString(), summary: summaryOf(findings), warnings: warningsOf(findings), ...findings };
}

function summaryOf({ tasks, queues, failures, workers }: Findings): string {
  const failed = sum(failures.map(({ count }) => count));
  const slots = sum(workers.map(({ concurrency }) => concurrency));
  return [
    `${count(tasks.pending, 'task')} waiting, ${tasks.processing} running in ${count(queues.length, 'queue')}`,
    `${count(workers.length, 'worker')} with ${count(slots, 'slot')}`,
    failed === 0 ? 'nothing failed for good in the last hour' : `${failed} failed for good in the last hour`,
  ].join('; ');
}

function warningsOf({ queues, failures, workers, unroutable }: Findings): string[] {
  const failed = sum(failures.map((failure) => failure.count));
  const [worst] = failures;
  return [
    ...(workers.length === 0 ? ['No worker is alive.'] : []),
    ...queues.flatMap(warningsOfQueue),
    ...unroutable.map(
      ({ type, pending }) => `${count(pending, 'task')} of type ${type} waiting, which no live worker serves.`,
    ),
    ...(failed >= MANY_FAILURES && worst
      ? [
          `${failed} tasks failed for good in the last hour, most of them ${worst.type} (${worst.error_code ?? 'no code'}).`,
        ]
      : []),
  ];
}

function warningsOfQueue({ queue, ready, bad, oldest_ready_age: ageMs, workers }: QueueLine): string[] {
  return [
    ...(ready > 0 && workers === 0
      ? [`Queue ${queue} has ${count(ready, 'ready task')} and no live worker serves it.`]
      : []),
    ...(ageMs !== null && ageMs > LONG_WAIT_MS
      ? [`The oldest ready task of queue ${queue} has waited ${formatDuration(Math.floor(ageMs / 60_000) * 60_000)}.`]
      : []),
    ...(bad > 0 ? [`Queue ${queue} has set ${count(bad, 'unreadable entry', 'unreadable entries')} aside.`] : []),
  ];
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
