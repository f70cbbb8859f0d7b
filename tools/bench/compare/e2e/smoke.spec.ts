import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workspaceRoot } from '@millrace/stack';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pageOf } from '../src/page';
import { readReport } from '../src/report';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('measures every scenario in small, with every task recorded right', { timeout: 600_000 }, async () => {
  const report = join(folder, 'report.json');
  const program = join(workspaceRoot, 'dist', 'tools', 'bench', 'compare', 'main.js');
  const bench = spawn(process.execPath, [program, '--form', 'smoke', '--report', report], {
    cwd: workspaceRoot,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  let output = '';
  for (const stream of [bench.stdout, bench.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));

  const [code] = (await once(bench, 'exit')) as [number | null];

  expect(code, output).toBe(0);
  expect(pageOf(readReport(report))).toContain('### Pick-up on an idle system');
  expect(readFileSync(report, 'utf8')).not.toContain('NaN');
});
