import { expect, test } from 'vitest';
import { RenewalHolds, type QueueHold } from './renewal-holds';

const HOLD_BYTES = 'default t1 token\n'.length;
const HEADER_BYTES = 12;

const hold = (taskId: string): QueueHold => ({ queue: 'default', taskId, token: 'token' });

/** A writer with room for so many holds in each half, and a reader of the same memory. */
function setup(holds: number) {
  const writer = new RenewalHolds(new SharedArrayBuffer(HEADER_BYTES + 2 * holds * HOLD_BYTES));
  return { writer, reader: new RenewalHolds(writer.memory) };
}

test('nothing is held at first', () => {
  expect(setup(1).reader.read()).toEqual([]);
});

test('the reader sees what was added, in all its parts', () => {
  const { writer, reader } = setup(3);

  expect(writer.add([hold('t1')])).toBe(true);
  expect(writer.add([hold('t2'), { queue: 'q', taskId: 't.3', token: 'x' }])).toBe(true);

  expect(reader.read()).toEqual([hold('t1'), hold('t2'), { queue: 'q', taskId: 't.3', token: 'x' }]);
});

test('what is written anew takes the place of everything before, and more can be added to it, turn after turn', () => {
  const { writer, reader } = setup(3);
  writer.add([hold('t1'), hold('t2'), hold('t3')]);

  for (const taskId of ['a1', 'a2', 'a3']) {
    writer.replace([hold(taskId)]);
    expect(reader.read()).toEqual([hold(taskId)]);
    writer.add([hold('t9')]);
    expect(reader.read()).toEqual([hold(taskId), hold('t9')]);
  }

  writer.replace([]);
  expect(reader.read()).toEqual([]);
});

test('holds for which there is no room are refused together, and those that are there stay', () => {
  const { writer, reader } = setup(2);
  writer.add([hold('t1')]);

  expect(writer.add([hold('t2'), hold('t3')])).toBe(false);

  expect(reader.read()).toEqual([hold('t1')]);
});

test('of more than there is room for whole holds are kept', () => {
  const { writer, reader } = setup(2);

  writer.replace([hold('t1'), hold('t22'), hold('t3')]);

  expect(reader.read()).toEqual([hold('t1')]);
});

test('the default holds what a worker of any size has', () => {
  const holds = Array.from({ length: 19_000 }, (_, index) => ({
    queue: 'q'.repeat(64),
    taskId: String(index).padStart(128, '0'),
    token: 'x'.repeat(24),
  }));
  const writer = new RenewalHolds();

  writer.replace(holds);

  expect(new RenewalHolds(writer.memory).read()).toHaveLength(19_000);
});
