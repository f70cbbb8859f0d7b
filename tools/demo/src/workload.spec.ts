import { expect, it } from 'vitest';
import { KINDS, planTasks } from './workload';

const plan = (count: number) => planTasks(count, 'run', { webUrl: 'http://127.0.0.1:1' });

it('gives every kind its share, raw entries a tenth of all', () => {
  const tasks = plan(10_000);

  for (const kind of KINDS) {
    expect([kind.name, tasks.filter((task) => task.kind === kind).length]).toEqual([kind.name, kind.share * 100]);
  }
  expect(tasks.filter(({ kind }) => kind.way !== 'rest')).toHaveLength(1_000);
});

it('mixes the kinds from the first hundred tasks on', () => {
  const first = new Set(plan(100).map(({ kind }) => kind));

  expect(first.size).toBe(KINDS.length);
});

it('never gives two tasks one id, one path or one mailbox', () => {
  const tasks = plan(2_000);

  expect(new Set(tasks.map(({ taskId }) => taskId)).size).toBe(2_000);
  const targets = tasks.filter(({ kind }) => kind.type !== 'noop').map(({ payload }) => JSON.stringify(payload));
  expect(new Set(targets).size).toBe(targets.length);
});
