import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { readSpilled, type SpilledOutcome } from './spilled-outcome';

/** A file that nobody has touched for this long belongs to a process that died over it. */
const ABANDONED_MS = 60_000;

/** Outcomes of one step of a replay. */
const BATCH = 200;

export interface SpillFolderOptions {
  readonly folder: string;
  /** Most bytes that the files of the folder may have together. */
  readonly limitBytes: number;
  /** Who writes. */
  readonly workerId: string;
}

/** The folder has no room for the outcomes; none was written. */
export class SpillFull extends Error {
  constructor(readonly limitBytes: number) {
    super(`The spill folder may not grow beyond ${limitBytes} bytes`);
    this.name = 'SpillFull';
  }
}

/**
 * Outcomes on disk that PostgreSQL could not take.
 *
 * - Each write is a file of its own, whose name tells its worker; a file is complete when it has its name: it is written and synced under another one.
 * - Whoever replays a file has renamed it first, so that no two workers replay the same one at once.
 * - What a process left behind that died over it is found after a minute; a torn last line is ignored.
 */
export class SpillFolder {
  private readonly folder: string;
  private readonly limitBytes: number;
  private readonly owner: string;

  constructor({ folder, limitBytes, workerId }: SpillFolderOptions) {
    this.folder = folder;
    this.limitBytes = limitBytes;
    this.owner = createHash('sha256').update(workerId).digest('hex').slice(0, 16);
  }

  /** Resolves once the outcomes are safe on disk. Throws `SpillFull`, or what the file system says. */
  async write(outcomes: readonly SpilledOutcome[]): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const text = outcomes.map((outcome) => `${JSON.stringify(outcome)}\n`).join('');
    if ((await this.sizeBytes()) + Buffer.byteLength(text) > this.limitBytes) throw new SpillFull(this.limitBytes);
    const name = `${this.owner}-${randomUUID()}`;
    const writing = join(this.folder, `${name}.writing`);
    try {
      await writeDurably(writing, text);
      await rename(writing, join(this.folder, `${name}.spill`));
    } catch (error) {
      // What is torn would take room, and pass for outcomes of this worker until it counts as abandoned.
      await rm(writing, { force: true });
      throw error;
    }
    await this.sync();
  }

  /** Takes a file that nobody else replays, and none of those to leave alone; null when there is none. */
  async take(nowMs = Date.now(), leaveAlone: ReadonlySet<string> = new Set()): Promise<SpillFile | null> {
    for (const name of await this.names()) {
      const path = join(this.folder, name);
      const [base = name] = name.split('.');
      if (leaveAlone.has(base)) continue;
      if (!name.endsWith('.spill') && !(await isAbandoned(path, nowMs))) continue;
      const taken = join(this.folder, `${base}.${randomUUID()}.taken`);
      const isMine = await rename(path, taken).then(
        () => true,
        () => false,
      );
      if (!isMine) continue;
      const file = new SpillFile(base, taken, join(this.folder, `${base}.spill`));
      await file.touch();
      return file;
    }
    return null;
  }

  /** Whether outcomes of this worker are yet to be replayed, or are under replay by anybody. */
  async hasOwn(): Promise<boolean> {
    return (await this.names()).some((name) => name.startsWith(`${this.owner}-`));
  }

  /** Reads what waits to be replayed and leaves it where it is, a batch at a time. */
  async *waiting(): AsyncGenerator<readonly SpilledOutcome[]> {
    for (const name of await this.names()) {
      if (!name.endsWith('.spill')) continue;
      // Gone when somebody has taken it meanwhile.
      const file = await open(join(this.folder, name), 'r').catch(() => null);
      if (file) yield* batchesOf(file, () => undefined);
    }
  }

  private async names(): Promise<string[]> {
    const names = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => /\.(spill|writing|taken)$/.test(name));
  }

  private async sizeBytes(): Promise<number> {
    let bytes = 0;
    for (const name of await this.names()) bytes += (await stat(join(this.folder, name)).catch(() => null))?.size ?? 0;
    return bytes;
  }

  /** The new name is as durable as the content. */
  private async sync(): Promise<void> {
    const folder = await open(this.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** One file under replay by this process. */
export class SpillFile {
  /** Lines so far that hold no outcome: the torn end of a write that was cut off, or damage. */
  unreadable = 0;

  /** @param name Stays the same whoever takes it. */
  constructor(
    readonly name: string,
    private readonly path: string,
    private readonly givenBackAs: string,
  ) {}

  /** Its outcomes, a batch at a time. */
  async *batches(): AsyncGenerator<readonly SpilledOutcome[]> {
    const file = await open(this.path, 'r');
    for await (const batch of batchesOf(file, () => (this.unreadable += 1))) {
      yield batch;
      await this.touch();
    }
  }

  /** Says that its replay goes on. */
  async touch(): Promise<void> {
    const now = new Date();
    await utimes(this.path, now, now);
  }

  /** Everything in it is recorded. */
  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  /** Somebody replays it later, from its beginning: what is recorded already is not recorded twice. */
  async giveBack(): Promise<void> {
    await rename(this.path, this.givenBackAs);
  }
}

async function* batchesOf(file: FileHandle, unreadable: () => void): AsyncGenerator<readonly SpilledOutcome[]> {
  try {
    let batch: SpilledOutcome[] = [];
    for await (const line of file.readLines()) {
      const outcome = readSpilled(line);
      if (outcome) batch.push(outcome);
      else unreadable();
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  } finally {
    await file.close();
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'ax', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function isAbandoned(path: string, nowMs: number): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && nowMs - found.mtimeMs > ABANDONED_MS;
}
