// @ts-check
import { describe, expect, it } from 'vitest';
import { Shutdown } from './shutdown.mjs';

describe('Shutdown', () => {
  it('ends services before the stores they write to, and those before their files', async () => {
    const shutdown = new Shutdown();
    /** @type {string[]} */
    const ended = [];
    shutdown.add('files', () => void ended.push('files'));
    shutdown.add('stores', () => void ended.push('stores'));
    shutdown.add('services', async () => {
      await Promise.resolve();
      ended.push('services');
    });

    await shutdown.run();

    expect(ended).toEqual(['services', 'stores', 'files']);
  });

  it('ends everything once, whoever asks', async () => {
    const shutdown = new Shutdown();
    let count = 0;
    shutdown.add('stores', () => void count++);

    await Promise.all([shutdown.run(), shutdown.run()]);

    expect(count).toBe(1);
  });

  it('goes on when a part cannot be ended', async () => {
    const shutdown = new Shutdown();
    let stopped = false;
    shutdown.add('services', () => Promise.reject(new Error('stuck')));
    shutdown.add('stores', () => {
      stopped = true;
    });

    await shutdown.run();

    expect(stopped).toBe(true);
  });
});
