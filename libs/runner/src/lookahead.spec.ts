import { beforeEach, describe, expect, it } from 'vitest';
import { Lookahead } from './lookahead';

let nowMs = 0;
let lookahead: Lookahead;

beforeEach(() => {
  nowMs = 1_000;
  lookahead = new Lookahead(100, () => nowMs);
});

/** Handlers that end at a steady rate after so long, each started so long after its claim. */
function play({
  perMs,
  latencyMs,
  handlerMs = 100 / perMs,
  forMs = 1_000,
}: {
  perMs: number;
  latencyMs: number;
  handlerMs?: number;
  forMs?: number;
}): void {
  const endsAtMs = nowMs + forMs;
  while (nowMs < endsAtMs) {
    nowMs += 1 / perMs;
    lookahead.started(latencyMs);
    lookahead.ended(handlerMs);
  }
}

describe('the look-ahead', () => {
  it('is three times what ends while a task is on its way to the start', () => {
    play({ perMs: 5, latencyMs: 4 });

    expect(lookahead.tasks).toBeGreaterThanOrEqual(54);
    expect(lookahead.tasks).toBeLessThanOrEqual(66);
  });

  it.each([
    ['of seconds', { perMs: 0.1, latencyMs: 4, forMs: 10_000 }],
    ['that never end', { perMs: 0.001, latencyMs: 4, forMs: 5_000 }],
    ['of 200 ms, of which few would end meanwhile', { perMs: 0.5, latencyMs: 20 }],
  ])('is nothing behind handlers %s', (_how, pace) => {
    play(pace);

    expect(lookahead.tasks).toBe(0);
  });

  it('is nothing behind handlers of 200 ms that were all claimed at once and end at once', () => {
    for (let turn = 0; turn < 5; turn += 1) {
      nowMs += 200;
      for (let slot = 0; slot < 100; slot += 1) {
        lookahead.started(20);
        lookahead.ended(200);
      }
    }

    expect(lookahead.tasks).toBe(0);
  });

  it('is bounded, however fast handlers end and however late the stores answer', () => {
    play({ perMs: 100, latencyMs: 4_000, handlerMs: 0 });

    expect(lookahead.tasks).toBe(200);
  });

  it('is over soon after the last handler has ended', () => {
    play({ perMs: 5, latencyMs: 4 });
    nowMs += 500;

    expect(lookahead.tasks).toBe(0);
  });
});
