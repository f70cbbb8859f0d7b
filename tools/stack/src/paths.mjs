// @ts-check
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of this clone. */
export const workspaceRoot = rootAbove(dirname(fileURLToPath(import.meta.url)));

/**
 * The clone's own hidden folder: logs, `stack.json`, unpacked packages.
 *
 * @param {string} [root] the clone; this one by default
 */
export function cloneFolder(root = workspaceRoot) {
  return join(root, '.millrace');
}

/**
 * Where the stores of this clone keep their data. PostgreSQL refuses to run as root, and the user it then runs as may
 * not be able to reach the clone (a root's home is closed), so under root the data lives in `/var/lib/millrace`.
 *
 * @param {string} [root] the clone; this one by default
 * @param {number} [uid] the user that asks; the current one by default
 * @returns {string} an absolute path; nothing is created
 */
export function dataFolder(root = workspaceRoot, uid = process.getuid?.() ?? -1) {
  if (uid !== 0) return cloneFolder(root);
  const hash = createHash('sha256').update(realpathSync(root)).digest('hex').slice(0, 16);
  return join('/var/lib/millrace', hash);
}

/**
 * Creates a folder and its parents. The parents are open to pass through, whatever the umask: the unprivileged
 * PostgreSQL user has to.
 *
 * @param {string} folder
 * @param {number} [mode] of the folder itself, default 0755; one that exists keeps its own
 */
export function createFolder(folder, mode = 0o755) {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return folder;
  for (let parent = dirname(folder); parent.length >= first.length; parent = dirname(parent)) chmodSync(parent, 0o755);
  chmodSync(folder, mode);
  return folder;
}

/**
 * The nearest folder with `nx.json`: this file lies at another depth in a bundle than in the sources.
 *
 * @param {string} folder
 */
function rootAbove(folder) {
  for (let root = folder; ; root = dirname(root)) {
    if (existsSync(join(root, 'nx.json'))) return root;
    if (root === dirname(root)) throw new Error(`There is no nx.json above ${folder}`);
  }
}
