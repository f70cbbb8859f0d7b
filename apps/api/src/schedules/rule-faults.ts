import type { FieldProblem } from '@millrace/runtime';
import { InvalidSchedule } from '@millrace/schedules';
import { draftSchedule, type ScheduleInput, type TaskPolicy } from '@millrace/tasks';

const KINDS: readonly string[] = ['cron', 'every', 'at'];

/**
 * What else is wrong with a schedule whose shape was found at fault, so that one answer names every bad field. A field that is
 * named in `known` is not named again, nor is the lack of a rule when that is what `known` is about.
 */
export function ruleFaults(
  name: string,
  input: ScheduleInput,
  { policy, known }: { readonly policy: TaskPolicy; readonly known: readonly FieldProblem[] },
): readonly FieldProblem[] {
  const named = new Set(known.map(({ field }) => field));
  const hasRule = KINDS.some((kind) => kind in input);
  if (!hasRule && KINDS.some((kind) => named.has(kind))) named.add('cron');
  try {
    draftSchedule(name, input, policy, 'api');
    return [];
  } catch (error) {
    if (!(error instanceof InvalidSchedule)) throw error;
    return error.errors.filter(({ field }) => !named.has(field));
  }
}
