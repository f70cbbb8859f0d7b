import { expect, it } from 'vitest';
import type { Claim } from '@millrace/queue';
import { HeldTasks } from './held-tasks';

const claim = (taskId: string): Claim => ({
  taskId,
  queue: 'default',
  token: `token of ${taskId}`,
  json: '',
  priority: 0,
  attempt: 0,
  type: 'noop',
  crashCount: 0,
  raw: null,
});

const idsOf = (held: HeldTasks) => held.all().map(({ taskId }) => taskId);

it('what is let go of, in whatever order and however often, takes no other with it', () => {
  const held = new HeldTasks({ hold: () => undefined });
  const [a, b, c, d] = held.add(['a', 'b', 'c', 'd'].map(claim), { trustedUntilMs: Infinity, claimedAtMs: 0 });
  if (!a || !b || !c || !d) throw new Error('not held');

  held.remove(b);
  held.remove(b);
  expect(idsOf(held).sort()).toEqual(['a', 'c', 'd']);

  held.remove(d);
  held.remove(a);
  held.add([claim('e')], { trustedUntilMs: Infinity, claimedAtMs: 0 });
  held.remove(d);
  expect(idsOf(held).sort()).toEqual(['c', 'e']);
  expect(held.size).toBe(2);
});
