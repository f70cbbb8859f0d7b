import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRunFolder, removeRunFolder } from '@millrace/stack';
import type { Scenario, ScenarioContext } from '../scenario';
import { underLoad } from '../under-load';

const DISK_MIB = 400;
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

async function fillDisk({ nemesis }: ScenarioContext): Promise<void> {
  const ballast = join(mountDisk(), 'ballast');
  nemesis.note('the disk of PostgreSQL is full');
  const { bavail, bsize } = statfsSync(mountDisk());
  writeFileSync(ballast, Buffer.alloc(Math.max(0, (bavail - 1) * bsize)));
  await sleep(FULL_MS);
  rmSync(ballast);
  nemesis.note('there is room again');
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
