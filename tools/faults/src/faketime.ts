import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cloneFolder } from '@millrace/stack';

const DOWNLOAD_MS = 60_000;
const LIBRARY = join('faketime', 'libfaketime.so.1');

/** Where the library is that fakes the time of day: of the system, or unpacked from the distribution's package, else undefined. */
export function faketimeLibrary(): string | undefined {
  const folder = join(cloneFolder(), 'faketime-package');
  return installed('/usr/lib') ?? installed(join(folder, 'usr', 'lib')) ?? unpacked(folder);
}

/** The variables that give a process a time of day of its own, such as `+1h`; durations inside it stay true. */
export function withTime(library: string, offset: string): Record<string, string> {
  return { LD_PRELOAD: library, FAKETIME: offset, DONT_FAKE_MONOTONIC: '1' };
}

/** A time of day that can be changed while the process runs; it starts with the true one. */
export class JumpingClock {
  /** For the process that is to have this clock; durations inside it stay true. */
  readonly environment: Readonly<Record<string, string>>;

  /** `file` says how far the clock is off; the process reads it whenever it asks for the time. */
  constructor(
    library: string,
    private readonly file: string,
  ) {
    this.environment = {
      ...{ LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file },
      ...{ FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1' },
    };
    this.set('+0');
  }

  /** From now on the clock is off by `offset`, such as `-1d`. */
  set(offset: string): void {
    // Half a file would be another time.
    writeFileSync(`${this.file}.next`, `${offset}\n`);
    renameSync(`${this.file}.next`, this.file);
  }
}

function installed(root: string): string | undefined {
  if (!existsSync(root)) return undefined;
  const folders = readdirSync(root).map((name) => join(root, name, LIBRARY));
  return folders.find((path) => existsSync(path));
}

/** Nothing is installed: the package is only unpacked. */
function unpacked(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true });
    const options = { cwd: folder, timeout: DOWNLOAD_MS, stdio: 'ignore' } as const;
    execFileSync('apt-get', ['-o', 'APT::Sandbox::User=', 'download', 'libfaketime'], options);
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (archive) execFileSync('dpkg-deb', ['-x', archive, '.'], options);
    return installed(join(folder, 'usr', 'lib'));
  } catch {
    return undefined;
  }
}
