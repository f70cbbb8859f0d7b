// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from 'rolldown';
import { FAULT_POINTS, MUTANTS } from '@millrace/contracts';
import { bundleOptions, workspaceRoot } from './options.mjs';

const SOURCE = `
import { failpoint } from '@millrace/contracts';
for (let round = 1; round <= 3; round += 1) {
  failpoint('after_claim');
  console.log(__MUTANT__ === 'no_fence' ? 'mutant' : 'as it should', round);
}`;

describe('fault points', () => {
  /** @type {string} */
  let folder;

  beforeAll(async () => {
    folder = await mkdtemp(join(workspaceRoot, 'dist', 'fault-points-'));
    await writeFile(join(folder, 'main.ts'), SOURCE);
    for (const kind of /** @type {const} */ (['production', 'faults'])) {
      const options = bundleOptions('tools/build', kind);
      await build({
        ...options,
        input: join(folder, 'main.ts'),
        output: { ...options.output, file: join(folder, `${kind}.mjs`) },
      });
    }
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('kill the process of a test build at the hit that FAILPOINTS names', async () => {
    const { signal, output } = await run('faults.mjs', { FAILPOINTS: 'after_claim:kill@2' });

    expect(signal).toBe('SIGKILL');
    expect(output).toBe('as it should 1\n');
  });

  it('stop the process of a test build, which goes on when it is told to', async () => {
    const child = start('faults.mjs', { FAILPOINTS: 'after_claim:pause@3' });
    const ended = once(child, 'exit');
    await untilStopped(Number(child.pid));
    child.kill('SIGCONT');

    expect(await ended).toEqual([0, null]);
  });

  it('are silent in a test build that was told nothing', async () => {
    const { signal, output } = await run('faults.mjs', {});

    expect(signal).toBeNull();
    expect(output).toBe('as it should 1\nas it should 2\nas it should 3\n');
  });

  it('let a test build behave as the mutant that MUTANT names', async () => {
    const { output } = await run('faults.mjs', { MUTANT: 'no_fence' });

    expect(output).toContain('mutant 1');
  });

  it('are not in any other build', async () => {
    const { signal, output } = await run('production.mjs', { FAILPOINTS: 'after_claim:kill', MUTANT: 'no_fence' });

    expect(signal).toBeNull();
    expect(output).toBe('as it should 1\nas it should 2\nas it should 3\n');
  });

  it.each(['api', 'worker', 'scheduler'])('left no trace in the bundle of the %s', async (service) => {
    const bundle = await readFile(join(workspaceRoot, 'dist', 'apps', service, 'main.js'), 'utf8');

    const words = [
      '__MUTANT__',
      '__FAULT_POINTS__',
      'FAILPOINTS',
      'failpoint',
      ...FAULT_POINTS,
      ...Object.keys(MUTANTS),
    ];
    expect(words.filter((word) => bundle.includes(word))).toEqual([]);
  });

  /** @param {string} file @param {Record<string, string>} env */
  function start(file, env) {
    return spawn(process.execPath, [join(folder, file)], { env: { PATH: process.env['PATH'], ...env } });
  }

  /** @param {string} file @param {Record<string, string>} env */
  async function run(file, env) {
    const child = start(file, env);
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    const [, signal] = await once(child, 'close');
    return { signal, output };
  }
});

/** @param {number} pid */
async function untilStopped(pid) {
  await expect
    .poll(async () => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ')[2], { timeout: 10_000 })
    .toBe('T');
}
