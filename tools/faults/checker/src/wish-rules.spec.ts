import { describe, expect, it } from 'vitest';
import { attempt, audited, ended, evidence, row, rulesOf, second, started, wish } from './evidence.fixture';
import type { Evidence } from './records';

/** A task that was cancelled while it waited. */
const cancelled = (changes: Partial<Evidence> = {}): Evidence =>
  evidence({
    effects: [],
    tasks: [row('a', { status: 'cancelled', attempt: 0, started_after_due_ms: null, result: null })],
    wishes: wish(1, 'cancel', 200, { status: 'cancelled', attempt: 0 }),
    audit: [audited('cancel', 50)],
    counted: { cancelled: 1 },
    stats: [{ cancelled: 1 }],
    ...changes,
  });

/** A task whose first attempt was cancelled, and that somebody retried then. */
const retried = (changes: Partial<Evidence> = {}): Evidence =>
  second('cancelled', {
    wishes: [
      ...wish(1, 'cancel', 202, { status: 'processing', attempt: 1 }),
      ...wish(2, 'retry', 200, { status: 'pending', attempt: 1 }),
    ],
    audit: [audited('request_cancel', 120), audited('retry', 180)],
    ...changes,
  });

describe('what operators do', () => {
  it('holds when every wish is recorded and has its effect', () => {
    expect(rulesOf(cancelled())).toEqual([]);
    expect(rulesOf(retried())).toEqual([]);
  });

  it('finds a cancelled task that nobody wanted to be cancelled', () => {
    expect(rulesOf(cancelled({ wishes: [] }))).toContain('cancels asked for');
    expect(rulesOf(cancelled({ wishes: wish(1, 'cancel', 409) }))).toContain('cancels asked for');
  });

  it('lets a wish of unknown fate be fulfilled or not', () => {
    expect(rulesOf(cancelled({ wishes: wish(1, 'cancel', null) }))).toEqual([]);
    expect(rulesOf(evidence({ wishes: wish(1, 'cancel', 503) }))).toEqual([]);
  });

  it('finds a result that a cancel took the place of', () => {
    const asked = wish(1, 'cancel', 202, { status: 'processing', attempt: 1 });
    const run = { effects: [started('a'), ended('a')], tasks: [row('a', { status: 'cancelled', result: null })] };
    const attempts = [attempt('a', 1, 'cancelled')];
    expect(rulesOf(cancelled({ ...run, attempts, wishes: asked, audit: [audited('request_cancel', 120)] }))).toEqual([
      'success beats a cancel',
    ]);
  });

  it('finds a start after a cancel that nobody retried, and a retry that came too early to explain it', () => {
    expect(rulesOf(retried({ audit: [audited('request_cancel', 120)] }))).toContain('starts explained');
    expect(rulesOf(retried({ audit: [audited('request_cancel', 90), audited('retry', 100)] }))).toEqual([
      'starts explained',
    ]);
  });

  it('finds a task that ended otherwise than its cancel was answered', () => {
    const succeeded = (status: number, shown: { status: string; attempt: number }) =>
      rulesOf(evidence({ wishes: wish(1, 'cancel', status, shown), audit: [audited('cancel', 50)] }));
    expect(succeeded(200, { status: 'cancelled', attempt: 0 })).toEqual(['answers hold']);
    expect(succeeded(202, { status: 'processing', attempt: 1 })).toEqual([]);
    expect(succeeded(202, { status: 'processing', attempt: 0 })).toEqual(['answers hold']);
    expect(rulesOf(cancelled({ wishes: [...wish(1, 'cancel', 200), ...wish(2, 'cancel', 409)] }))).toContain(
      'answers hold',
    );
  });

  it('finds a granted wish that the record does not know, and one that nobody uttered', () => {
    expect(rulesOf(evidence({ wishes: wish(1, 'retry', 200, { status: 'pending', attempt: 1 }) }))).toEqual([
      'answers hold',
    ]);
    expect(rulesOf(evidence({ audit: [audited('retry', 180)] }))).toEqual(['answers hold']);
    const granted = wish(1, 'cancel', 202, { status: 'processing', attempt: 1 });
    expect(rulesOf(evidence({ wishes: granted }))).toEqual(['answers hold']);
  });

  it('counts failures anew after a retry by hand', () => {
    const again = (retry_count: number) =>
      rulesOf(
        second('failed', {
          tasks: [row('a', { attempt: 2, retry_count, result: { nonce: 'nonce-2', attempt: 2 } })],
          wishes: wish(1, 'retry', 200, { status: 'pending', attempt: 1 }),
          audit: [audited('retry', 180)],
        }),
      );
    expect(again(0)).toEqual([]);
    expect(again(1)).toEqual(['budget']);
  });
});
