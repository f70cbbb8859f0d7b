import type { OutcomeRecord } from '@millrace/store';

/** An outcome that waits on disk to be recorded, and the hold that goes with it. */
export interface SpilledOutcome {
  readonly queue: string;
  readonly token: string;
  readonly record: OutcomeRecord;
}

const TEXT = (value: unknown) => typeof value === 'string';
const COUNT = (value: unknown) => Number.isSafeInteger(value);
const orNull = (check: (value: unknown) => boolean) => (value: unknown) => value === null || check(value);

const RECORD: Readonly<Record<keyof OutcomeRecord, (value: unknown) => boolean>> = {
  id: COUNT,
  taskId: TEXT,
  attempt: COUNT,
  workerId: TEXT,
  outcome: TEXT,
  status: TEXT,
  resultJson: orNull(TEXT),
  errorMessage: orNull(TEXT),
  errorCode: orNull(TEXT),
  retryCount: COUNT,
  crashCount: COUNT,
  delayMs: orNull((value) => typeof value === 'number'),
};

/** Reads one line of a spill file; null when it holds no outcome. */
export function readSpilled(line: string): SpilledOutcome | null {
  try {
    const { queue, token, record } = JSON.parse(line) as Partial<SpilledOutcome>;
    if (typeof queue !== 'string' || typeof token !== 'string' || !isRecord(record)) return null;
    return { queue, token, record };
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is OutcomeRecord {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.entries(RECORD).every(([name, check]) => check(fields[name]));
}
