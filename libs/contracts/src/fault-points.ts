/**
 * Faults and wrong behaviour that a test build can be told to show. Every other build is made without them: the bundler
 * puts `false` and `null` for the two constants and drops what they guard.
 */

declare global {
  /** Whether fault points are in this build. */
  const __FAULT_POINTS__: boolean;
  /** The wrong behaviour that `MUTANT` switches on in a test build. */
  const __MUTANT__: Mutant | null | undefined;
}

/** Moments at which a crash leaves the two stores apart, in the order of a task's life. */
export const FAULT_POINTS = [
  /** The task's row is inserted, and not committed. Only of submits under an idempotency key, and of bulks. */
  'within_submit',
  /** The task's row is committed, and Redis does not know of it. */
  'after_submit',
  /** A schedule's slot and its task are committed, and Redis does not know of the task. */
  'after_slot',
  /** An idle worker's entry landed in its own list, and no lease is on it. */
  'after_landing',
  /** The entry is under a lease, and the start gate was not asked. */
  'after_claim',
  /** The row is `processing`, and the handler was not called. */
  'after_gate',
  /** The handler has ended, and nothing is recorded. */
  'before_record',
  /** The outcome's statement is through, and not committed. A test build commits it by a second one. */
  'within_record',
  /** The outcome is recorded, and Redis still has the hold. */
  'before_ack',
  /** A lost hold was read, and its row was not rescued. */
  'before_rescue',
  /** A lost worker's row is pending again, and Redis does not know of it. */
  'after_rescue',
] as const;

export type FaultPoint = (typeof FAULT_POINTS)[number];

/** What each mutant does wrong. One at a time is switched on, to see whether the fault suite notices. */
export const MUTANTS = {
  no_fence: 'an outcome is recorded whatever attempt the row is at',
  ack_before_record: 'a hold is released before the outcome is recorded',
  rescue_without_condition: 'a rescue takes the task from whoever runs it',
  claim_without_lease: 'a claim takes entries out of Redis and leaves no hold',
  no_epoch_check: 'a Redis that lost its data is not noticed',
  client_clock: "times come from the process's own clock, which is an hour fast",
  no_gate: 'the start gate starts a task whatever its status and attempt',
  rescue_on_silence: 'a lease that has run out is a lost worker at once, also after an outage',
  cancel_overwrites_success: 'a requested cancel turns a success into cancelled',
  cancel_forgotten: 'a cancel of a waiting task is answered and not recorded',
  retry_of_success: 'a retry also takes a task that has succeeded',
  shutdown_spends_retry: "a shutdown's hand-back counts as a failure",
  promise_before_commit: 'a submit answers before its row is committed',
  no_isolation: 'a task that takes workers down goes on to run among the others',
  slot_twice: 'a due schedule is taken without its lock, and its slot gets a task whoever has recorded it',
  overlap_unseen: 'a slot is fired as if nothing of its schedule were under way',
  partial_bulk: 'a bulk submit is recorded in several transactions',
} as const;

export type Mutant = keyof typeof MUTANTS;

/** What is to happen at a fault point, the `hit`th time (from 1) that it is reached. */
export interface Failure {
  readonly point: FaultPoint;
  readonly how: 'kill' | 'pause';
  readonly hit: number;
}

/** Reads `FAILPOINTS`, such as `after_claim:kill@3,before_ack:pause`; without `@` the first hit. Throws `RangeError`. */
export function parseFailpoints(text: string): Failure[] {
  return text.split(',').filter(Boolean).map(parseFailure);
}

/** In a test build the process kills or stops itself here when `FAILPOINTS` says so; elsewhere it does nothing. */
export function failpoint(point: FaultPoint): void {
  if (__FAULT_POINTS__) reach(point);
}

const SIGNALS = { kill: 'SIGKILL', pause: 'SIGSTOP' } as const;

const hits = new Map<FaultPoint, number>();

/** This file is also read where there is no Node.js, and so knows nothing of its `process`. */
interface Host {
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  kill(pid: number, signal: string): void;
}

function reach(point: FaultPoint): void {
  const { process: host } = globalThis as unknown as { readonly process: Host };
  const hit = (hits.get(point) ?? 0) + 1;
  hits.set(point, hit);
  const failures = parseFailpoints(host.env['FAILPOINTS'] ?? '');
  const due = failures.find((failure) => failure.point === point && failure.hit === hit);
  if (due) host.kill(host.pid, SIGNALS[due.how]);
}

function parseFailure(text: string): Failure {
  const [, name, how, hit] = /^(\w+):(kill|pause)(?:@([1-9]\d{0,8}))?$/.exec(text) ?? [];
  const point = FAULT_POINTS.find((known) => known === name);
  if (!point || (how !== 'kill' && how !== 'pause')) throw new RangeError(`no failure at a fault point: ${text}`);
  return { point, how, hit: Number(hit ?? 1) };
}
