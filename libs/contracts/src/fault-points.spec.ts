import { describe, expect, it } from 'vitest';
import { parseFailpoints } from './fault-points';

describe('FAILPOINTS', () => {
  it('names each failure with the hit at which it happens, the first one unless said', () => {
    expect(parseFailpoints('after_claim:kill@3,before_ack:pause')).toEqual([
      { point: 'after_claim', how: 'kill', hit: 3 },
      { point: 'before_ack', how: 'pause', hit: 1 },
    ]);
  });

  it('may be empty', () => {
    expect(parseFailpoints('')).toEqual([]);
  });

  it.each(['nowhere:kill', 'after_claim:faint', 'after_claim:kill@0', 'after_claim'])('refuses %s', (text) => {
    expect(() => parseFailpoints(text)).toThrow(RangeError);
  });
});
