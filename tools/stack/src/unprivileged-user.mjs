// @ts-check
import { readFileSync } from 'node:fs';

/** What most systems give to `nobody`. */
const NOBODY = { uid: 65_534, gid: 65_534 };

/**
 * Whom to run a server as that refuses to run as root.
 *
 * @returns {{uid: number, gid: number} | undefined} undefined when the current user will do
 */
export function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const entry = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((line) => line.startsWith('nobody:'));
    const [, , uid, gid] = (entry ?? '').split(':');
    return uid && gid ? { uid: Number(uid), gid: Number(gid) } : NOBODY;
  } catch {
    return NOBODY;
  }
}
