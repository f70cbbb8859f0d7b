import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueueWeights } from './queue-weights';

describe('shares of queues', () => {
  it('follow the weights', () => {
    const weights = new QueueWeights(
      new Map([
        ['critical', 6],
        ['default', 3],
      ]),
    );

    expect(weights.share(9, ['critical', 'default'])).toEqual(
      new Map([
        ['critical', 6],
        ['default', 3],
      ]),
    );
  });

  it('are fair over time when one slot is free at a time', () => {
    const weights = new QueueWeights(
      new Map([
        ['a', 3],
        ['b', 1],
      ]),
    );

    const turns = Array.from({ length: 40 }, () => [...weights.share(1, ['a', 'b']).keys()][0]);

    expect(turns.filter((queue) => queue === 'a')).toHaveLength(30);
    expect(turns.filter((queue) => queue === 'b')).toHaveLength(10);
  });

  it('add up to the free slots, whatever the weights', () => {
    const weightsOf = fc.dictionary(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 100 }), { minKeys: 1 });
    fc.assert(
      fc.property(weightsOf, fc.nat(50), (weights, slots) => {
        const names = Object.keys(weights);
        const shares = new QueueWeights(new Map(Object.entries(weights))).share(slots, names);
        expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBe(slots);
      }),
    );
  });

  it('leave nothing to give when no queue is asked about', () => {
    expect(new QueueWeights(new Map([['a', 1]])).share(5, []).size).toBe(0);
  });
});
