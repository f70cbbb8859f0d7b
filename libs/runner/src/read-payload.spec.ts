import { IsInt, IsString, Max } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { NonRetryableError } from '@millrace/tasks';
import { readPayload } from './read-payload';

class Greeting {
  @IsString()
  to!: string;

  @IsInt()
  @Max(3)
  times = 1;
}

describe('readPayload', () => {
  it('gives the fields with their defaults', () => {
    expect(readPayload(Greeting, { to: 'you' })).toMatchObject({ to: 'you', times: 1 });
  });

  it('takes an empty object for a class without fields, and nothing else', () => {
    class Nothing {}

    expect(readPayload(Nothing, {})).toBeInstanceOf(Nothing);
    expect(() => readPayload(Nothing, { a: 1 })).toThrow(/a .*should not exist/);
  });

  it.each([
    [{ times: 1 }, /to must be a string/],
    [{ to: 'you', times: 4 }, /times must not be greater than 3/],
    [{ to: 'you', time: 2 }, /time .*should not exist/],
    [null, /must be an object/],
    [[], /must be an object/],
    ['text', /must be an object/],
  ])('refuses %j for good, and says why', (payload, message) => {
    expect(() => readPayload(Greeting, payload)).toThrow(NonRetryableError);
    expect(() => readPayload(Greeting, payload)).toThrow(message);
  });
});
