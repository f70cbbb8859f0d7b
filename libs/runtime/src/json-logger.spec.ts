import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Logger } from '@nestjs/common';
import { build } from 'rolldown';
import { afterEach, describe, expect, it } from 'vitest';
import { bundleOptions } from '../../../tools/build/options.mjs';
import { JsonLogger } from './json-logger';

function setup(level = 'info') {
  const lines: Record<string, unknown>[] = [];
  const read = (line: string) => JSON.parse(Buffer.from(line).toString()) as Record<string, unknown>;
  const destination = { write: (line: string) => void lines.push(read(line)) };
  Logger.overrideLogger(new JsonLogger({ service: 'things', level, destination }));
  return { lines, logger: new Logger('Claimer') };
}

afterEach(() => Logger.overrideLogger(false));

describe('a log line', () => {
  it('is a constant message with fields', () => {
    const { lines, logger } = setup();
    logger.warn('Queue is unreachable', { queue: 'mail' });
    expect(lines).toMatchObject([
      { level: 'warn', service: 'things', context: 'Claimer', msg: 'Queue is unreachable', queue: 'mail' },
    ]);
  });

  it('holds no NUL and no half of a surrogate pair, wherever they came from', () => {
    const { lines, logger } = setup();
    logger.warn('said \0', { text: 'half \ud83d', whole: '\u{1f600}', path: 'C:\\u0000', error: new Error('\udfff') });
    expect(lines).toMatchObject([
      {
        ...{ msg: 'said \ufffd', text: 'half \ufffd', whole: '\u{1f600}', path: 'C:\\u0000' },
        error: { message: '\ufffd', stack: expect.stringContaining('Error: \ufffd') as string },
      },
    ]);
  });

  it('takes its fields before the message as well', () => {
    const { lines, logger } = setup();
    logger.warn({ queue: 'mail' }, 'Queue is unreachable');
    expect(lines).toMatchObject([{ context: 'Claimer', msg: 'Queue is unreachable', queue: 'mail' }]);
  });

  it('tells of an error its type, message, code and causes, and nothing else that hangs on it', () => {
    const { lines, logger } = setup();
    const cause = Object.assign(new TypeError('bad row'), { code: '22021', parameters: ['hunter2'] });
    logger.error('Recording failed', { error: new Error('failed', { cause }) });
    expect(lines).toMatchObject([
      { level: 'error', error: { type: 'Error', message: 'failed', cause: { type: 'TypeError', code: '22021' } } },
    ]);
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('below the level is not written', () => {
    const { lines, logger } = setup('warn');
    logger.log('Started');
    logger.debug('Detail');
    expect(lines).toEqual([]);
  });
});

describe('what a thread logs', () => {
  it('is written whole, although the thread ends right after it', async () => {
    const options = bundleOptions('libs/runtime');
    const bundle = join(options.cwd, 'dist', 'specs', `talking-thread-${process.pid}.mjs`);
    const input = join(import.meta.dirname, 'testing', 'talking-thread.ts');
    await build({ ...options, input, output: { ...options.output, file: bundle } });
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [bundle]);
      expect(stdout.trimEnd().split('\n')).toHaveLength(1_000);
      expect(stdout).toContain('"line":1000,');
    } finally {
      await Promise.all([bundle, `${bundle}.map`].map((file) => rm(file, { force: true })));
    }
  });
});
