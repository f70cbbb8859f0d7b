import { hash, timingSafeEqual } from 'node:crypto';

/** A static key as it is kept in memory: its name for logs and audit, and the SHA-256 of its text. */
export interface ApiKey {
  readonly name: string;
  readonly sha256: Buffer;
}

/** A line a person can run to make a key. */
export const MAKE_A_KEY = 'openssl rand -hex 32';

const KEY_PATTERN = /^[\x21-\x7e]{16,256}$/;
const NAMED = /^([A-Za-z0-9_.-]{1,64}):(.+)$/;

/**
 * Reads keys, one a line or separated by commas, each with an optional `name:` before it; lines that start with `#` are
 * left out. Several keys may be valid at once, which is how one is rotated.
 *
 * Throws when a key is shorter than 16 characters or holds anything but visible ASCII; the message holds no key.
 */
export function parseApiKeys(text: string): readonly ApiKey[] {
  const entries = text
    .split(/[\n,]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && !entry.startsWith('#'));
  return entries.map((entry, index) => {
    const [, name = `key-${index + 1}`, key = entry] = NAMED.exec(entry) ?? [];
    if (!KEY_PATTERN.test(key)) {
      throw new Error(`entry ${index + 1} must be 16 to 256 visible ASCII characters; make one with: ${MAKE_A_KEY}`);
    }
    return { name, sha256: sha256(key) };
  });
}

/** The key that matches the text, compared in constant time with every key. */
export function findApiKey(keys: readonly ApiKey[], text: string): ApiKey | undefined {
  const candidate = sha256(text);
  return keys.filter((key) => timingSafeEqual(key.sha256, candidate))[0];
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
