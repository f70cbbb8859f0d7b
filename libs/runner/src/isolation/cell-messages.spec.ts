import { describe, expect, it } from 'vitest';
import { MOST_MESSAGE_CHARS, readFromCell } from './cell-messages';
import { LineReader } from './line-reader';

describe('what a cell says', () => {
  it.each<[string, unknown]>([
    ['no JSON', '{'],
    ['null', null],
    ['a number', 7],
    ['an unknown kind', { kind: 'success' }],
    ['an end of no kind', { kind: 'ended' }],
    ['an end that only a worker may see', { kind: 'ended', ended: { kind: 'timed_out', timeoutMs: 1 } }],
    ['a result that is no JSON', { kind: 'ended', ended: { kind: 'returned', resultJson: '{' } }],
    ['a result that is no text', { kind: 'ended', ended: { kind: 'returned', resultJson: 7 } }],
    ['a failure of no kind', { kind: 'ended', ended: { kind: 'failed', failure: { message: 'x' } } }],
    ['no failure', { kind: 'ended', ended: { kind: 'failed', failure: null } }],
    ['a delay that is none', { kind: 'ended', ended: { kind: 'failed', failure: { kind: 'snooze', delayMs: -1 } } }],
    ['progress that is no text', { kind: 'progress', progressJson: {} }],
  ])('is no message when it is %s', (_what, message) => {
    expect(readFromCell(typeof message === 'string' ? message : JSON.stringify(message))).toBeNull();
  });

  it.each([
    { kind: 'ready' },
    { kind: 'progress', progressJson: '1' },
    { kind: 'ended', ended: { kind: 'returned', resultJson: null } },
    { kind: 'ended', ended: { kind: 'cancelled' } },
    { kind: 'ended', ended: { kind: 'failed', failure: { kind: 'snooze', delayMs: 5_000 } } },
    { kind: 'ended', ended: { kind: 'failed', failure: { kind: 'retry_after', message: 'busy', delayMs: 1 } } },
    { kind: 'ended', ended: { kind: 'failed', failure: { kind: 'non_retryable', message: 'no' } } },
  ])('is read as it was meant: %j', (message) => {
    expect(readFromCell(JSON.stringify(message))).toEqual(message);
  });

  it('is no message when it is longer than any', () => {
    const message = { kind: 'progress', progressJson: ' '.repeat(MOST_MESSAGE_CHARS) };

    expect(readFromCell(JSON.stringify(message))).toBeNull();
  });
});

describe('a line', () => {
  it('is put together from pieces, and one that is too long is dropped as soon as it is', () => {
    const seen: string[] = [];
    const reader = new LineReader(
      4,
      (line) => seen.push(line),
      () => seen.push('too long'),
    );
    for (const text of ['ab', 'c\nde\n\n', 'fghij', '\nk\n']) reader.push(text);

    expect(seen).toEqual(['abc', 'de', '', 'too long', '', 'k']);
  });
});
