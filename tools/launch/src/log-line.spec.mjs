// @ts-check
import { describe, expect, it } from 'vitest';
import { worthShowing } from './log-line.mjs';

describe('worthShowing', () => {
  it('leaves what is in order to the file', () => {
    expect(worthShowing('{"level":30,"msg":"claimed"}')).toBeUndefined();
    expect(worthShowing('{"level":"info","msg":"claimed"}')).toBeUndefined();
    expect(worthShowing('')).toBeUndefined();
  });

  it('shows a warning with the fields of its own', () => {
    const line = '{"level":40,"time":1,"pid":7,"hostname":"h","msg":"lease lost","taskId":"a"}';

    expect(worthShowing(line)).toBe('WARN lease lost taskId="a"');
  });

  it('knows levels by name', () => {
    expect(worthShowing('{"level":"error","msg":"no answer"}')).toBe('ERROR no answer');
  });

  it('shows what is no log line as it is', () => {
    expect(worthShowing('Error: out of memory')).toBe('Error: out of memory');
  });
});
