import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testDatabase, type TestDatabase } from '@millrace/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');
const bundle = join(root, 'dist', 'tools', 'migrate', 'main.js');

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['tools/build/build.mjs', 'tools/migrate'], { cwd: root });
  database = await testDatabase();
  folder = mkdtempSync(join(tmpdir(), 'migrate-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

async function runBundle(env: Record<string, string>, args: string[] = []): Promise<{ code: number; out: string }> {
  try {
    const options = { env: { PATH: process.env.PATH ?? '', ...env } };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [bundle, ...args], options);
    return { code: 0, out: stdout + stderr };
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    return { code: failed.code, out: failed.stdout + failed.stderr };
  }
}

test('five at once on an empty database all succeed, and one of them applies', async () => {
  const runs = await Promise.all(Array.from({ length: 5 }, () => runBundle({ DATABASE_URL: database.url })));

  expect(runs.map((run) => run.code)).toEqual([0, 0, 0, 0, 0]);
  expect(runs.filter((run) => run.out.includes('applied Tasks'))).toHaveLength(1);
});

test('the address may stand in a file', async () => {
  const file = join(folder, 'url');
  writeFileSync(file, `${database.url}\n`);

  const run = await runBundle({ DATABASE_URL_FILE: file });

  expect(run).toMatchObject({ code: 0, out: expect.stringContaining('nothing to apply') as string });
});

test('without an address, or with one that nothing answers, it says so and fails', async () => {
  const missing = await runBundle({});
  const silent = await runBundle({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' });

  expect(missing).toMatchObject({ code: 1, out: expect.stringContaining('Set DATABASE_URL') as string });
  expect(silent).toMatchObject({ code: 1, out: expect.stringContaining('unavailable') as string });
});

test('help and a wrong argument explain the usage', async () => {
  expect(await runBundle({}, ['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('Usage') as string });
  expect(await runBundle({}, ['--down'])).toMatchObject({ code: 2, out: expect.stringContaining('--down') as string });
});
