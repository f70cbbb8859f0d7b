import { describe, expect, it } from 'vitest';
import { parseServedQueues } from './served-queues';

describe('QUEUE_QUEUES', () => {
  it('is names with optional weights', () => {
    expect([...parseServedQueues(' critical:6, default:3,mail ')]).toEqual([
      ['critical', 6],
      ['default', 3],
      ['mail', 1],
    ]);
  });

  it.each([
    ['', /at least one/],
    ['a b', /queue names/],
    ['a:b:c', /queue names/],
    ['tasks', /queue names/],
    ['a:0', /weight of a/],
    ['a:101', /weight of a/],
    ['a:1.5', /weight of a/],
    ['a,a', /twice/],
    [Array.from({ length: 33 }, (_, index) => `q${index}`).join(','), /at most 32/],
  ])('refuses %j', (text, message) => {
    expect(() => parseServedQueues(text)).toThrow(message);
  });
});
