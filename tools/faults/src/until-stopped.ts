import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '@millrace/testing';

const PATIENCE_MS = 60_000;

/** Waits until a process has stopped itself, as at a fault point. Throws after a minute. */
export async function untilStopped(pid: number): Promise<void> {
  await eventually(async () => {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)]);
    if (!stdout.startsWith('T')) throw new Error(`process ${pid} has not stopped: ${stdout}`);
  }, PATIENCE_MS);
}
