import type { AttemptRecord, AuditRecord, EffectLine, Evidence, Expected, TaskRecord } from './records';

/** What the submitter asked for, and what it heard of it. */
export interface Submission {
  readonly op: string;
  readonly state: 'promised' | 'refused' | 'unknown';
  readonly expect: Expected;
}

/** What an operator wanted of a task. */
export interface Wish {
  readonly what: 'cancel' | 'retry';
  /** `unknown` without an answer or with a 5xx: it may or may not have been done. */
  readonly state: 'granted' | 'refused' | 'unknown';
  readonly status: number | null;
  readonly shown: { readonly status: string; readonly attempt: number } | undefined;
}

/** Everything that is known about one task. */
export interface TaskHistory {
  readonly taskId: string;
  readonly submission: Submission | undefined;
  readonly row: TaskRecord | undefined;
  /** In order of time. */
  readonly effects: readonly EffectLine[];
  /** How attempts ended, those left out that came too late. */
  readonly outcomes: ReadonlyMap<number, AttemptRecord>;
  readonly superseded: number;
  readonly wishes: readonly Wish[];
  /** What the record says that operators did, in order of time. */
  readonly audit: readonly AuditRecord[];
}

/** Puts together what the logs and the record say about each task. */
export function taskHistories(evidence: Evidence): TaskHistory[] {
  const submissions = submissionsOf(evidence);
  const rows = new Map(evidence.tasks.map((row) => [row.task_id, row]));
  const effects = groupedBy(evidence.effects);
  const attempts = groupedBy(evidence.attempts);
  const wishes = wishesOf(evidence);
  const audit = groupedBy(evidence.audit);
  const ids = new Set([...submissions.keys(), ...rows.keys(), ...effects.keys()]);
  return [...ids].map((taskId) => {
    const ended = attempts.get(taskId) ?? [];
    const current = ended.filter(({ outcome }) => outcome !== 'superseded');
    return {
      taskId,
      submission: submissions.get(taskId),
      row: rows.get(taskId),
      effects: [...(effects.get(taskId) ?? [])].sort((a, b) => a.mono - b.mono),
      outcomes: new Map(current.map((attempt) => [attempt.attempt, attempt])),
      superseded: ended.length - current.length,
      wishes: wishes.get(taskId) ?? [],
      audit: audit.get(taskId) ?? [],
    };
  });
}

function submissionsOf({ submits }: Evidence): Map<string, Submission> {
  const states = new Map<string, Submission['state']>();
  for (const line of submits) {
    if (line.kind === 'ok') states.set(line.op, 'promised');
    // One try of unknown fate is enough: the task may be there, whatever later tries were told.
    if (line.kind === 'refused' && !states.has(line.op)) states.set(line.op, 'refused');
    if (line.kind === 'unknown' && states.get(line.op) !== 'promised') states.set(line.op, 'unknown');
  }
  const submissions = new Map<string, Submission>();
  for (const line of submits) {
    if (line.kind !== 'invoke') continue;
    const state = states.get(line.op) ?? 'unknown';
    line.ids.forEach((id, at) => submissions.set(id, { op: line.op, state, expect: line.expect[at] ?? 'any' }));
  }
  return submissions;
}

function wishesOf({ wishes: lines }: Evidence): Map<string, Wish[]> {
  const answers = new Map(lines.flatMap((line) => (line.kind === 'answer' ? [[line.wish, line] as const] : [])));
  const wishes = new Map<string, Wish[]>();
  for (const line of lines) {
    if (line.kind !== 'wish') continue;
    const { status = null, shown } = answers.get(line.wish) ?? {};
    const wish: Wish = { what: line.what, state: stateOf(status), status, shown };
    wishes.set(line.task_id, [...(wishes.get(line.task_id) ?? []), wish]);
  }
  return wishes;
}

function stateOf(status: number | null): Wish['state'] {
  if (status === null || status >= 500) return 'unknown';
  return status < 300 ? 'granted' : 'refused';
}

function groupedBy<T extends { readonly task_id: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.task_id);
    if (group) group.push(item);
    else groups.set(item.task_id, [item]);
  }
  return groups;
}
