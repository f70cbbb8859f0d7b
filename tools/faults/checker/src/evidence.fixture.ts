import type { AttemptRecord, AuditRecord, EffectLine, Evidence, SubmitLine, TaskRecord, WishLine } from './records';
import { judge } from './rules';

export const AT = { mono: 0, wall: 0 };
const WORKER = 'host:101:uuid';

export const submitted = (id: string, kind: 'ok' | 'refused' | 'unknown' = 'ok'): SubmitLine[] => [
  { kind: 'invoke', op: `op-${id}`, ids: [id], expect: ['success'], ...AT },
  kind === 'unknown'
    ? { kind, op: `op-${id}`, reason: 'no answer', ...AT }
    : { kind, op: `op-${id}`, status: kind === 'ok' ? 201 : 400, ...AT },
];

export const started = (id: string, attempt = 1, mono = attempt * 100, pid = 101): EffectLine => ({
  ...{ kind: 'start', task_id: id, attempt, pid, mono, wall: mono },
});

export const ended = (id: string, attempt = 1, mono = attempt * 100 + 50): EffectLine => ({
  ...{ kind: 'end', task_id: id, attempt, pid: 101, how: 'returned', nonce: `nonce-${attempt}`, mono, wall: mono },
});

export const row = (id: string, fields: Partial<TaskRecord> = {}): TaskRecord => ({
  ...{ task_id: id, type: 'effect', status: 'success', attempt: 1, retry_count: 0, max_retry: 3, error_code: null },
  ...{ scheduled: false, started_after_due_ms: 5, result: { nonce: `nonce-${fields.attempt ?? 1}`, attempt: 1 } },
  ...fields,
});

export const attempt = (id: string, number: number, outcome: string): AttemptRecord => ({
  ...{ task_id: id, attempt: number, outcome, worker_id: WORKER, finished_at: number * 100 + 60 },
});

/** A task that was submitted, ran once and succeeded; each test breaks one thing. */
export const evidence = (changes: Partial<Evidence> = {}): Evidence => ({
  submits: submitted('a'),
  effects: [started('a'), ended('a')],
  faults: [],
  tasks: [row('a')],
  wishes: [],
  ...{ watches: [], slots: [], slotTasks: [], functions: [], functionTasks: [] },
  attempts: [],
  audit: [],
  counted: { success: 1 },
  stats: [{ success: 1 }],
  leftovers: { 'p:idx': 0 },
  ...changes,
});

/** The same task after its first attempt ended so. */
export const second = (outcome: string, changes: Partial<Evidence> = {}): Evidence =>
  evidence({
    effects: [started('a'), started('a', 2), ended('a', 2)],
    tasks: [row('a', { attempt: 2, result: { nonce: 'nonce-2', attempt: 2 } })],
    attempts: [attempt('a', 1, outcome), attempt('a', 2, 'succeeded')],
    ...changes,
  });

/** An operator's wish with its answer: `shown` is the task's status and attempt in it. */
export const wish = (
  number: number,
  what: 'cancel' | 'retry',
  status: number | null,
  shown?: { readonly status: string; readonly attempt: number },
): WishLine[] => [
  { kind: 'wish', wish: number, what, task_id: 'a', ...AT },
  { kind: 'answer', wish: number, status, ...(shown && { shown }), ...AT },
];

export const audited = (action: AuditRecord['action'], at: number): AuditRecord => ({ task_id: 'a', action, at });

/** The names of the rules that do not hold. */
export const rulesOf = (broken: Evidence) => judge(broken).map(({ rule }) => rule);
