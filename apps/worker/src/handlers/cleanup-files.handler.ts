import { isAbsolute, relative, resolve, sep } from 'node:path';
import { opendir, lstat, realpath, unlink } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { IsString, Matches, MaxLength } from 'class-validator';
import picomatch from 'picomatch';
import { parseDuration } from '@millrace/contracts';
import { NonRetryableError, readPayload, TaskHandler, type Handler, type TaskContext } from '@millrace/runner';
import { WorkerConfig } from '../worker.config';
import { IsDurationText } from './duration-field';

/** Names listed in the result. */
const LISTED = 100;

/** Most files that one task looks at; what is left over goes with the next one. */
const MOST_FILES = 1_000_000;

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

class CleanupFilesPayload {
  /** An absolute path, `CLEANUP_FOLDERS` or below one of them. */
  @IsString()
  @MaxLength(4_096)
  @Matches(/^(\/|[A-Za-z]:[\\/])[^\0]*$/, { message: 'folder must be an absolute path' })
  folder!: string;

  /** Files last changed longer ago than this are removed. */
  @IsDurationText(TEN_YEARS_MS)
  older_than!: string | number;

  /** Which files, by a glob on the path below the folder. Default `**`: all, at any depth. */
  @IsString()
  @MaxLength(1_024)
  pattern = '**';
}

/** What `cleanup_files` records. */
interface CleanupResult {
  readonly folder: string;
  readonly removed: number;
  readonly bytes: number;
  /** Files that matched and were too young. */
  readonly kept: number;
  /** Files that could not be removed. */
  readonly failed: number;
  /** The first hundred that were removed, by their path below the folder. */
  readonly names: readonly string[];
}

/**
 * Removes old files within the folders that the deployment allows. Links are neither followed nor removed, folders stay.
 */
@Injectable()
@TaskHandler('cleanup_files', { timeout: '30m', description: 'Removes old files below CLEANUP_FOLDERS.' })
export class CleanupFilesHandler implements Handler {
  constructor(private readonly config: WorkerConfig) {}

  async handle(payload: unknown, context: TaskContext): Promise<CleanupResult> {
    const { folder, older_than, pattern } = readPayload(CleanupFilesPayload, payload);
    const root = await this.allowed(folder);
    const matches = picomatch(pattern, { dot: true });
    const newestMs = Date.now() - parseDuration(older_than);

    const result = { folder, removed: 0, bytes: 0, kept: 0, failed: 0, names: [] as string[] };
    if (root === null) return result;
    let looked = 0;
    for await (const { path, name } of filesBelow(root)) {
      context.signal.throwIfAborted();
      if ((looked += 1) > MOST_FILES) break;
      if (!matches(name)) continue;
      await removeIfOld(path, name, newestMs, result);
      if (looked % 1_000 === 0) context.progress({ removed: result.removed, bytes: result.bytes });
    }
    return result;
  }

  /**
   * The folder's real path; null while nobody has made it, which leaves nothing to clean.
   * Throws `NonRetryableError` unless it lies within a folder that may be cleaned.
   */
  private async allowed(folder: string): Promise<string | null> {
    const roots = await Promise.all(this.config.cleanupFolders.map(async (root) => realPathOf(root)));
    const inside = (path: string) => roots.some((root) => root !== null && isWithin(root, path));
    const path = await realPathOf(folder);
    if (path !== null && inside(path)) return path;
    // Nothing is said about folders outside: not even whether they exist.
    const named = this.config.cleanupFolders.some((root) => isWithin(resolve(root), resolve(folder)));
    if (named && path === null) return null;
    throw new NonRetryableError('folder must lie within one of CLEANUP_FOLDERS');
  }
}

async function realPathOf(folder: string): Promise<string | null> {
  return realpath(folder).catch(() => null);
}

function isWithin(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!way.startsWith(`..${sep}`) && way !== '..' && !isAbsolute(way));
}

/** Regular files below a folder, with their names relative to it; links are left alone. */
async function* filesBelow(root: string): AsyncGenerator<{ path: string; name: string }> {
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    // A folder that became a link, or went, since it was listed.
    if ((await realPathOf(folder)) !== folder) continue;
    for await (const entry of await opendir(folder)) {
      const path = resolve(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) yield { path, name: relative(root, path).replaceAll(sep, '/') };
    }
  }
}

async function removeIfOld(
  path: string,
  name: string,
  newestMs: number,
  result: { removed: number; bytes: number; kept: number; failed: number; names: string[] },
): Promise<void> {
  try {
    const { mtimeMs, size } = await lstat(path);
    if (mtimeMs > newestMs) {
      result.kept += 1;
      return;
    }
    await unlink(path);
    result.removed += 1;
    result.bytes += size;
    if (result.names.length < LISTED) result.names.push(name);
  } catch {
    result.failed += 1;
  }
}
