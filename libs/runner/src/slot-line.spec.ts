import { eventually } from '@millrace/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SlotLine } from './slot-line';
import { Slots } from './slots';

let slots: Slots;
let line: SlotLine<string>;
let stopping: AbortController;
const begun: string[] = [];
const givenUp: string[] = [];
/** What a handler does when it begins; by default it goes on. */
let onBegin: (task: string) => void = () => undefined;

beforeEach(() => {
  begun.length = 0;
  givenUp.length = 0;
  onBegin = () => undefined;
  stopping = new AbortController();
  slots = new Slots(2);
  slots.take(4);
  const begin = (task: string) => {
    begun.push(task);
    onBegin(task);
  };
  line = new SlotLine({ slots, begin, giveUp: (task) => givenUp.push(task), stopping: stopping.signal });
});
afterEach(() => stopping.abort());

const addAll = (...tasks: string[]) => tasks.forEach((task) => line.add(task));

describe('started tasks', () => {
  it('begin as slots are free, in their order, and never more at once', () => {
    addAll('a', 'b', 'c', 'd');
    expect(begun).toEqual(['a', 'b']);

    slots.end(1);
    line.move();
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  it('that end at once hand their slot on, however many wait', () => {
    const many = Array.from({ length: 50_000 }, (_, n) => `t${n}`);
    slots.take(many.length);
    addAll('a', 'b', ...many);
    onBegin = () => {
      slots.end(1);
      line.move();
    };

    slots.end(1);
    line.move();

    expect(begun).toHaveLength(many.length + 2);
  });

  it('that no slot takes for a second are given up', async () => {
    addAll('a', 'b', 'c');
    expect(givenUp).toEqual([]);

    await eventually(() => expect(givenUp).toEqual(['c']));
    slots.end(1);
    line.move();
    expect(begun).toEqual(['a', 'b']);
  });

  it('are given up when the worker stops, also those that come after', () => {
    addAll('a', 'b', 'c');
    stopping.abort();
    line.add('d');

    expect(givenUp).toEqual(['c', 'd']);
  });
});
