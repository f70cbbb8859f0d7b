// @ts-check
import { join } from 'node:path';
import { FAULT_CONSTANTS } from './fault-constants.mjs';
import { isPackage } from './is-package.mjs';
import { textFiles } from './text-files.mjs';
import { threadFiles } from './thread-files.mjs';

/** The root of the workspace; every path below is relative to it. */
export const workspaceRoot = join(import.meta.dirname, '..', '..');

/**
 * How a service is bundled: our own sources into one file, npm packages left to `node_modules`.
 * Decorators and their metadata, by which Nest injects, come as tsconfig.base.json says.
 *
 * @param {string} projectRoot such as `apps/api`
 * @param {keyof typeof FAULT_CONSTANTS} kind
 * @param {string} [folder] below `dist`, where the bundle goes
 */
export function bundleOptions(projectRoot, kind = 'production', folder = kind === 'faults' ? 'faults' : '') {
  return {
    cwd: workspaceRoot,
    input: join(workspaceRoot, projectRoot, 'src', 'main.ts'),
    platform: /** @type {const} */ ('node'),
    tsconfig: join(workspaceRoot, 'tsconfig.base.json'),
    external: isPackage,
    transform: { define: FAULT_CONSTANTS[kind] },
    plugins: [textFiles(), threadFiles(FAULT_CONSTANTS[kind])],
    output: {
      file: join(workspaceRoot, 'dist', folder, projectRoot, 'main.js'),
      format: /** @type {const} */ ('esm'),
      sourcemap: true,
    },
  };
}
