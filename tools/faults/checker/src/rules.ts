import type { AttemptRecord, AuditRecord, EffectLine, Evidence } from './records';
import { taskHistories, type TaskHistory } from './task-history';
import { functionsExclusive } from './function-rules';
import { pidOf } from './function-runs';
import { slotsServed } from './slot-rules';
import { answersTrue, cancelsAskedFor, successBeatsCancel } from './wish-rules';

/** A rule that does not hold, and for which task. */
export interface Finding {
  readonly rule: string;
  readonly taskId?: string;
  readonly text: string;
}

const FINAL = new Set(['success', 'failed', 'cancelled']);
/** How an attempt may end so that another one may start. */
const LEADS_ON = new Set(['failed', 'timed_out', 'snoozed', 'interrupted', 'lost']);
/** A failed attempt uses up a retry; these are the outcomes that count as failed. */
const SPENDS = new Set(['failed', 'timed_out']);
/** A task that takes nothing down itself may be given up for lost workers only after so many. */
const LEAST_LOSSES = 10;
/** A task may take down so many workers; what it takes down after that it has to itself. */
const MOST_WORKERS = 2;
/** Tasks start at most so much before they are due: the tolerance of the start gate. */
const EARLY_MS = 150;

/** Judges a run that has healed and drained; what it answers is empty when everything holds. */
export function judge(evidence: Evidence): Finding[] {
  const histories = taskHistories(evidence);
  const harmed = harmedWorkers(evidence);
  const findings = histories.flatMap((history) => [
    ...existence(history),
    ...ending(history),
    ...starts(history),
    ...overlaps(history),
    ...accounting(history),
    ...blame(history, harmed),
    ...cancelsAskedFor(history),
    ...successBeatsCancel(history),
    ...answersTrue(history),
    ...toll(history),
  ]);
  return [
    ...findings,
    ...wholeSubmits(histories),
    ...slotsServed(evidence),
    ...functionsExclusive(evidence),
    ...leftovers(evidence),
    ...counts(evidence),
  ];
}

/** Nothing promised is lost, and nothing is there that nobody asked for. */
function existence({ taskId, submission, row }: TaskHistory): Finding[] {
  if (submission?.state === 'promised' && !row) {
    return [{ rule: 'nothing lost', taskId, text: 'it was promised and has no row' }];
  }
  if (submission?.state === 'refused' && row) {
    return [{ rule: 'nothing unexpected', taskId, text: 'it was refused and has a row' }];
  }
  if (!submission && !row?.scheduled) {
    return [{ rule: 'nothing unexpected', taskId, text: 'nobody submitted it' }];
  }
  return [];
}

/** Every task has ended, once, and as its current attempt ended. */
function ending({ taskId, submission, row, effects, outcomes, audit }: TaskHistory): Finding[] {
  if (!row) return [];
  if (!FINAL.has(row.status)) return [{ rule: 'everything ends', taskId, text: `it is still ${row.status}` }];
  const findings: Finding[] = [];
  const expect = submission?.expect ?? 'any';
  const isCancelled = row.status === 'cancelled' && audit.length > 0;
  if (expect !== 'any' && row.status !== expect && !isCancelled && !isCrashed(row.error_code, outcomes)) {
    const text = `it ended ${row.status} (${row.error_code ?? 'no error'}) and was to end ${expect}`;
    findings.push({ rule: 'one effective outcome', taskId, text });
  }
  if (row.status === 'success' && row.type === 'effect') {
    const last = effects.find((line) => line.kind === 'end' && line.attempt === row.attempt && line.how === 'returned');
    const nonce = last?.kind === 'end' ? last.nonce : undefined;
    const recorded = resultOf(row.result);
    if (nonce === undefined || recorded.nonce !== nonce || recorded.attempt !== row.attempt) {
      const text = `the result is not the one that attempt ${row.attempt} returned`;
      findings.push({ rule: 'one effective outcome', taskId, text });
    }
  }
  return findings;
}

/** Every start has its own number, and every one but the last a recorded reason for the next. */
function starts({ taskId, row, effects, outcomes, audit }: TaskHistory): Finding[] {
  const started = effects.filter(({ kind }) => kind === 'start').map(({ attempt }) => attempt);
  const findings: Finding[] = [];
  const seen = new Set<number>();
  for (const attempt of started) {
    if (seen.has(attempt))
      findings.push({ rule: 'starts explained', taskId, text: `attempt ${attempt} started twice` });
    seen.add(attempt);
    if (!row || attempt > row.attempt) {
      findings.push({ rule: 'starts explained', taskId, text: `attempt ${attempt} started, which the row knows not` });
    }
  }
  for (let attempt = 1; attempt < (row?.attempt ?? 0); attempt += 1) {
    const ended = outcomes.get(attempt);
    if (ended && LEADS_ON.has(ended.outcome)) continue;
    if (ended?.outcome === 'cancelled' && isRetried(audit, ended, outcomes.get(attempt + 1))) continue;
    const text = `attempt ${attempt} (${ended?.outcome ?? 'no outcome'}) does not explain attempt ${attempt + 1}`;
    findings.push({ rule: 'starts explained', taskId, text });
  }
  return findings;
}

/** Whether an operator wanted another attempt between the end of one and the end of the next. */
function isRetried(audit: readonly AuditRecord[], ended: AttemptRecord, next: AttemptRecord | undefined): boolean {
  const until = next?.finished_at ?? Infinity;
  return audit.some(({ action, at }) => action === 'retry' && at > ended.finished_at && at < until);
}

/** Two attempts run at the same time only when the first one's worker was taken for lost. */
function overlaps({ taskId, effects, outcomes }: TaskHistory): Finding[] {
  const findings: Finding[] = [];
  for (const end of effects) {
    if (end.kind !== 'end' || end.how === 'aborted') continue;
    const later = effects.find((line) => line.kind === 'start' && line.attempt > end.attempt && line.mono < end.mono);
    const outcome = outcomes.get(end.attempt)?.outcome;
    if (!later || outcome === 'lost' || outcome === 'timed_out') continue;
    const text = `attempt ${later.attempt} started before attempt ${end.attempt} (${outcome ?? 'no outcome'}) ended`;
    findings.push({ rule: 'no overlap', taskId, text });
  }
  return findings;
}

/** Retries are counted as failures are, anew after an operator's retry; nothing starts early. */
function accounting({ taskId, row, outcomes, audit }: TaskHistory): Finding[] {
  if (!row || !FINAL.has(row.status)) return [];
  const findings: Finding[] = [];
  const since = Math.max(0, ...audit.filter(({ action }) => action === 'retry').map(({ at }) => at));
  const spent = [...outcomes.values()].filter(({ outcome }) => SPENDS.has(outcome));
  const failures = spent.filter(({ finished_at }) => finished_at > since).length;
  if (row.error_code !== 'non_retryable' && row.retry_count !== Math.min(failures, row.max_retry)) {
    const text = `${failures} failures and a retry_count of ${row.retry_count} (max_retry ${row.max_retry})`;
    findings.push({ rule: 'budget', taskId, text });
  }
  if (row.started_after_due_ms !== null && row.started_after_due_ms < -EARLY_MS) {
    findings.push({ rule: 'not early', taskId, text: `it started ${-row.started_after_due_ms} ms before it was due` });
  }
  return findings;
}

/** Only a worker that something was done to is taken for lost. */
function blame({ taskId, effects, outcomes }: TaskHistory, harmed: ReadonlySet<number>): Finding[] {
  const alone = new Set(crashes(effects).flatMap(({ attempt, isolated }) => (isolated ? [attempt] : [])));
  return [...outcomes.values()]
    .filter(
      ({ outcome, attempt, worker_id }) => outcome === 'lost' && !alone.has(attempt) && !harmed.has(pidOf(worker_id)),
    )
    .map(({ attempt, worker_id }) => ({
      rule: 'nobody lost who lives',
      taskId,
      text: `attempt ${attempt} was taken from ${worker_id ?? 'nobody'}, to whom nothing was done`,
    }));
}

/** A task that takes its process down is soon alone in it. */
function toll({ taskId, effects }: TaskHistory): Finding[] {
  const workers = crashes(effects).filter(({ isolated }) => !isolated).length;
  if (workers <= MOST_WORKERS) return [];
  return [{ rule: 'two workers at most', taskId, text: `it took down ${workers} workers` }];
}

/** A request with many tasks is recorded whole or not at all. */
function wholeSubmits(histories: readonly TaskHistory[]): Finding[] {
  const byOp = new Map<string, { there: number; all: number }>();
  for (const { submission, row } of histories) {
    if (!submission) continue;
    const sum = byOp.get(submission.op) ?? { there: 0, all: 0 };
    byOp.set(submission.op, { there: sum.there + (row ? 1 : 0), all: sum.all + 1 });
  }
  return [...byOp]
    .filter(([, { there, all }]) => there > 0 && there < all)
    .map(([op, { there, all }]) => ({ rule: 'all or none', text: `of request ${op} ${there} of ${all} are recorded` }));
}

function leftovers({ leftovers: left }: Evidence): Finding[] {
  return Object.entries(left)
    .filter(([, count]) => count > 0)
    .map(([key, count]) => ({ rule: 'no leftovers', text: `${count} left in ${key}` }));
}

/** What the API counts is what SQL counts. */
function counts({ counted, stats }: Evidence): Finding[] {
  const statuses = ['pending', 'processing', 'success', 'failed', 'cancelled'];
  return stats.flatMap((answer) =>
    statuses
      .filter((status) => (answer[status] ?? 0) !== (counted[status] ?? 0))
      .map((status) => ({
        rule: 'counts agree',
        text: `${status}: the API counts ${answer[status] ?? 0}, SQL ${counted[status] ?? 0}`,
      })),
  );
}

function isCrashed(errorCode: string | null, outcomes: ReadonlyMap<number, AttemptRecord>): boolean {
  const losses = [...outcomes.values()].filter(({ outcome }) => outcome === 'lost').length;
  return errorCode === 'worker_crashed' && losses >= LEAST_LOSSES;
}

/** The starts that took their process down. */
function crashes(effects: readonly EffectLine[]) {
  return effects.flatMap((line) => (line.kind === 'start' && line.crashes ? [line] : []));
}

function harmedWorkers({ faults, effects }: Evidence): Set<number> {
  const crashed = crashes(effects).map(({ pid }) => pid);
  return new Set([...faults.flatMap(({ harmed }) => harmed), ...crashed]);
}

function resultOf(result: unknown): { readonly nonce?: unknown; readonly attempt?: unknown } {
  return typeof result === 'object' && result !== null ? result : {};
}
