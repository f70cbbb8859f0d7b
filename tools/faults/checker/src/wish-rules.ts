import type { Finding } from './rules';
import type { TaskHistory, Wish } from './task-history';

/** What the answer to a granted wish shows: the task as it is then. */
const SHOWN: Readonly<Record<string, string>> = {
  'cancel 200': 'cancelled',
  'cancel 202': 'processing',
  'retry 200': 'pending',
};
const REFUSALS = new Set([404, 409]);

/** Nothing is cancelled that nobody wanted to be cancelled. */
export function cancelsAskedFor({ taskId, row, outcomes, wishes, audit }: TaskHistory): Finding[] {
  if (wishes.some(({ what, state }) => what === 'cancel' && state !== 'refused')) return [];
  const isCancelled =
    row?.status === 'cancelled' ||
    audit.some(({ action }) => action !== 'retry') ||
    [...outcomes.values()].some(({ outcome }) => outcome === 'cancelled');
  return isCancelled ? [{ rule: 'cancels asked for', taskId, text: 'it was cancelled, which nobody asked for' }] : [];
}

/** A handler that returned has succeeded, whoever wanted it to stop. */
export function successBeatsCancel({ taskId, effects, outcomes }: TaskHistory): Finding[] {
  return effects
    .filter((line) => line.kind === 'end' && line.how === 'returned')
    .filter(({ attempt }) => outcomes.get(attempt)?.outcome === 'cancelled')
    .map(({ attempt }) => ({
      rule: 'success beats a cancel',
      taskId,
      text: `attempt ${attempt} returned and is recorded as cancelled`,
    }));
}

/** What operators were answered is what the record says. */
export function answersTrue(history: TaskHistory): Finding[] {
  const { taskId, wishes, audit } = history;
  const retries = audit.filter(({ action }) => action === 'retry').length;
  const texts = [
    ...wishes.map((wish) => mismatch(wish, history, retries)),
    ...retriesCounted(wishes, retries),
    ...(wishes.some((wish) => wish.what === 'cancel' && wish.state === 'granted') && audit.length === retries
      ? ['a cancel was granted that the record does not know']
      : []),
  ];
  return texts.flatMap((text) => (text === undefined ? [] : [{ rule: 'answers hold', taskId, text }]));
}

/** What is wrong with one answer. What became of the task says little once somebody has retried it. */
function mismatch({ what, state, status, shown }: Wish, { row, submission }: TaskHistory, retries: number) {
  const asked = `${what} ${status}`;
  if (state === 'unknown') return undefined;
  if (state === 'refused' && !REFUSALS.has(status ?? 0)) return `${what} was answered ${status}`;
  if (status === 404)
    return submission?.state === 'promised' ? `${what} of a promised task was answered 404` : undefined;
  if (state === 'granted' && shown?.status !== SHOWN[asked]) return `${asked} showed the task ${shown?.status}`;
  if (!row || retries > 0 || what === 'retry') return undefined;
  if (!endsAfter(status ?? 0).includes(row.status)) return `it is ${row.status} after ${asked}`;
  if (status === 202 && shown && row.attempt !== shown.attempt)
    return `attempt ${row.attempt} followed attempt ${shown.attempt}, which was to be cancelled`;
  return undefined;
}

/** How a task may end that a cancel was answered so for. */
function endsAfter(status: number): readonly string[] {
  if (status === 200) return ['cancelled'];
  return status === 202 ? ['cancelled', 'success'] : ['success', 'failed'];
}

function retriesCounted(wishes: readonly Wish[], retries: number): string[] {
  const asked = wishes.filter(({ what, state }) => what === 'retry' && state !== 'refused');
  const granted = asked.filter(({ state }) => state === 'granted').length;
  if (retries >= granted && retries <= asked.length) return [];
  return [`${granted} retries were granted, ${asked.length} at most, and ${retries} are recorded`];
}
