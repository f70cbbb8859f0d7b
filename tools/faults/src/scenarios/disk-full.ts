import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRunFolder, removeRunFolder } from '@millrace/stack';
import type { Scenario, ScenarioContext } from '../scenario';
import { underLoad } from '../under-load';

const DISK_MIB = 400;
const MIB = 1024 * 1024;
const FULL_MS = 6_000;

/** Made when the scenario is asked for, as the server's data goes there from the start. */
let disk: string | undefined;

export const diskFull: Scenario = {
  row: '28',
  name: 'disk-full',
  promise:
    "PostgreSQL's disk is full: nothing is acknowledged that is not recorded, and all goes on once there is room.",
  get testbed() {
    return { postgresFolder: join(mountDisk(), 'postgres') };
  },
  long: { cycles: 5, tasks: 1_000 },
  unavailable: () =>
    process.getuid?.() === 0 && process.platform === 'linux' ? undefined : 'only root can mount a small disk',
  async run(context) {
    await underLoad(context, () => fillDisk(context), { overMs: 4_000 });
    return {};
  },
  cleanUp: unmountDisk,
};

async function fillDisk({ testbed, nemesis }: ScenarioContext): Promise<void> {
  const ballast = join(mountDisk(), 'ballast');
  nemesis.note('the disk of PostgreSQL is full');
  try {
    fill(ballast);
    await sleep(FULL_MS);
  } finally {
    rmSync(ballast);
  }
  nemesis.note('there is room again');
  // A server that cannot write its log ends itself, and is started again by whoever runs it.
  await testbed.heal();
}

/** Writes until there is no room for more. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let written = 0; written < DISK_MIB; written += 1) writeSync(file, Buffer.alloc(MIB));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(file);
  }
}

function mountDisk(): string {
  if (disk !== undefined) return disk;
  disk = createRunFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=0711`, 'tmpfs', disk]);
  mkdirSync(join(disk, 'postgres'));
  return disk;
}

async function unmountDisk(): Promise<void> {
  if (disk === undefined) return;
  execFileSync('umount', [disk]);
  await removeRunFolder(disk);
  disk = undefined;
}
