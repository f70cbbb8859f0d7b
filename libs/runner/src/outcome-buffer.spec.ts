import { expect, it } from 'vitest';
import type { HeldTask } from './held-tasks';
import { OutcomeBuffer, type FinishedAttempt } from './outcome-buffer';

/** Only what the buffer looks at. */
function finished(resultJson: string): FinishedAttempt {
  const record = { resultJson } as FinishedAttempt['record'];
  return { held: {} as HeldTask, task: {} as FinishedAttempt['task'], record };
}

it('removes the named outcomes wherever they stand, once, and tells which were still there', () => {
  const buffer = new OutcomeBuffer(10, new AbortController().signal);
  const [a, b, c, d] = [finished('1'), finished('2'), finished('3'), finished('4')];
  for (const outcome of [a, b, c, d]) void buffer.add(outcome);

  expect(buffer.remove([b, c])).toEqual([b, c]);
  expect(buffer.remove([a, b])).toEqual([a]);
  expect(buffer.remove([a])).toEqual([]);

  expect(buffer.oldest(10)).toEqual([d]);
  expect(buffer.has(d)).toBe(true);
  expect(buffer.has(a)).toBe(false);
});
