import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceRoot } from '@millrace/stack';

/** Where builds with fault points and mutants are, under `dist`. */
export const FAULT_BUNDLES = 'faults';

const PROJECTS = ['apps/api', 'apps/scheduler', 'tools/faults/worker', 'tools/faults/scheduler'];

let built: Promise<unknown> | undefined;

/** Builds every service with fault points in it, once a run. */
export async function buildWithFaultPoints(): Promise<void> {
  built ??= Promise.all(PROJECTS.map(build));
  await built;
}

async function build(project: string): Promise<void> {
  const program = join('tools', 'build', 'build.mjs');
  await promisify(execFile)(process.execPath, [program, project, '--faults'], { cwd: workspaceRoot });
}
