// @ts-check
import { describe, expect, it, vi } from 'vitest';
import { readArguments } from './arguments.mjs';

const help = 'Usage: a command';

describe('readArguments', () => {
  it('answers --help with the help, wherever it stands', () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});

    expect(readArguments(['--yes', '--help'], { help, flags: ['--yes'] }).help).toBe(true);

    expect(log).toHaveBeenCalledExactlyOnceWith(help);
    log.mockRestore();
  });

  it('refuses a flag it does not know, and words where it takes none, with the help', () => {
    expect(() => readArguments(['--fast'], { help, flags: ['--yes'], words: 'taken' })).toThrow(/"--fast"[^]*Usage/);
    expect(() => readArguments(['fast'], { help })).toThrow(/"fast"[^]*Usage/);
  });

  it('tells flags from words', () => {
    const { flags, words } = readArguments(['a', '--yes', 'b'], { help, flags: ['--yes'], words: 'taken' });

    expect(flags).toEqual(['--yes']);
    expect(words).toEqual(['a', 'b']);
  });
});
