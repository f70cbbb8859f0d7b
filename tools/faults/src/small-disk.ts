import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createRunFolder, removeRunFolder } from '@millrace/stack';

const MIB = 1024 * 1024;

/** Why this machine has no disk that may be filled; undefined when it has. */
export function noSmallDisk(): string | undefined {
  return process.getuid?.() === 0 && process.platform === 'linux' ? undefined : 'only root can mount a small disk';
}

/** A file system of its own that can be filled to the last byte. It is mounted when it is first asked for. */
export class SmallDisk {
  private folder: string | undefined;

  constructor(private readonly sizeMib: number) {}

  get path(): string {
    if (this.folder === undefined) {
      this.folder = createRunFolder();
      const options = `size=${this.sizeMib}m,mode=0711`;
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.folder]);
    }
    return this.folder;
  }

  /** Writes until there is no room for more. */
  fill(): void {
    const file = openSync(this.ballast, 'w');
    try {
      for (let written = 0; written < this.sizeMib; written += 1) writeSync(file, Buffer.alloc(MIB));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives the room back. */
  free(): void {
    rmSync(this.ballast, { force: true });
  }

  async unmount(): Promise<void> {
    if (this.folder === undefined) return;
    execFileSync('umount', [this.folder]);
    await removeRunFolder(this.folder);
    this.folder = undefined;
  }

  private get ballast(): string {
    return join(this.path, 'ballast');
  }
}
