import { mkdir, mkdtemp, readdir, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NonRetryableError } from '@millrace/runner';
import { CleanupFilesHandler } from './cleanup-files.handler';
import { configWith, contextOf } from './handler.fixture';

describe('cleanup_files', () => {
  let top: string;
  let root: string;
  let cleaner: CleanupFilesHandler;

  beforeEach(async () => {
    top = await realpath(await mkdtemp(join(tmpdir(), 'millrace-cleanup-')));
    root = join(top, 'artifacts');
    await mkdir(root);
    cleaner = new CleanupFilesHandler(configWith({ cleanupFolders: [root] }));
  });

  afterEach(() => rm(top, { recursive: true }));

  async function file(path: string, ageHours: number): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'ten bytes.');
    const at = new Date(Date.now() - ageHours * 3_600_000);
    await utimes(path, at, at);
  }

  it('removes old files at any depth, keeps young ones, and says so', async () => {
    await file(join(root, 'old.txt'), 48);
    await file(join(root, 'deep/er/old.log'), 48);
    await file(join(root, 'young.txt'), 1);

    const result = await cleaner.handle({ folder: root, older_than: '1d' }, contextOf());

    expect(result).toMatchObject({ folder: root, removed: 2, bytes: 20, kept: 1, failed: 0 });
    expect([...result.names].sort()).toEqual(['deep/er/old.log', 'old.txt']);
    expect(await readdir(root)).toEqual(['deep', 'young.txt']);
  });

  it('removes only what the pattern names', async () => {
    await file(join(root, 'a.log'), 48);
    await file(join(root, 'a.txt'), 48);
    await file(join(root, 'sub/b.log'), 48);

    const result = await cleaner.handle({ folder: root, older_than: '1d', pattern: '*.log' }, contextOf());

    expect(result.names).toEqual(['a.log']);
  });

  it('follows no link, neither to a file nor to a folder', async () => {
    await file(join(top, 'outside/secret.txt'), 48);
    await symlink(join(top, 'outside'), join(root, 'link'));
    await symlink(join(top, 'outside/secret.txt'), join(root, 'file-link'));

    const result = await cleaner.handle({ folder: root, older_than: '1h' }, contextOf());

    expect(result.removed).toBe(0);
    expect(await readdir(join(top, 'outside'))).toEqual(['secret.txt']);
  });

  it.each([
    ['beside the folders', () => join(top, 'outside')],
    ['above them', () => top],
    ['with dots', () => `${root}/../outside`],
    ['through a link', () => join(root, 'link')],
    ['whose name only begins alike', () => `${root}-too`],
  ])('refuses a folder %s', async (_where, folder) => {
    await file(join(top, 'outside/secret.txt'), 48);
    await file(join(top, 'artifacts-too/secret.txt'), 48);
    await symlink(join(top, 'outside'), join(root, 'link'));

    const refused = cleaner.handle({ folder: folder(), older_than: 0 }, contextOf());

    await expect(refused).rejects.toThrow(NonRetryableError);
    await expect(refused).rejects.toThrow(/CLEANUP_FOLDERS/);
    expect(await readdir(join(top, 'outside'))).toEqual(['secret.txt']);
  });

  it('finds nothing to clean in a folder that nobody has made yet', async () => {
    const result = await cleaner.handle({ folder: join(root, 'gone'), older_than: 0 }, contextOf());
    expect(result).toMatchObject({ removed: 0, kept: 0, failed: 0 });
  });

  it('cleans nothing where nothing is allowed', async () => {
    const none = new CleanupFilesHandler(configWith({}));
    await expect(none.handle({ folder: root, older_than: 0 }, contextOf())).rejects.toThrow(/CLEANUP_FOLDERS/);
  });

  it.each([
    [{ older_than: '1d' }, /folder/],
    [{ folder: 'relative', older_than: '1d' }, /folder/],
    [{ folder: '/tmp' }, /older_than/],
    [{ folder: '/tmp', older_than: 'old' }, /older_than/],
    [{ folder: '/tmp', older_than: '1d', pattern: 7 }, /pattern/],
    [{ folder: '/tmp', older_than: '1d', dry_run: true }, /dry_run/],
  ])('refuses %j for good', async (payload, field) => {
    const refused = cleaner.handle(payload, contextOf());
    await expect(refused).rejects.toThrow(NonRetryableError);
    await expect(refused).rejects.toThrow(field);
  });
});
