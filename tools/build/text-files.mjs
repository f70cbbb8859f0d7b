// @ts-check
import { readFile } from 'node:fs/promises';

/**
 * Imports `.lua` and `.sql` files as text, so that a bundled service carries its scripts in its one file and
 * needs no path at run time. The same plugin serves rolldown and vitest.
 */
export function textFiles() {
  return {
    name: 'text-files',
    /** @param {string} id */
    async load(id) {
      if (!/\.(lua|sql)$/.test(id)) return null;
      return { code: `export default ${JSON.stringify(await readFile(id, 'utf8'))};`, moduleType: 'js' };
    },
  };
}
