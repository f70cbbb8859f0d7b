// @ts-check
/**
 * Bundles one service: `node tools/build/build.mjs apps/api` writes `dist/apps/api/main.js`. With `--faults` it writes a
 * test build with fault points in it, `dist/faults/apps/api/main.js`.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'rolldown';
import { bundleOptions, workspaceRoot } from './options.mjs';

const [projectRoot, option] = process.argv.slice(2);
if (!projectRoot || (option !== undefined && option !== '--faults')) {
  console.error('Usage: node tools/build/build.mjs <project folder> [--faults], for example apps/api');
  process.exit(2);
}
if (option === '--faults') await buildForFaults(projectRoot);
else await build(bundleOptions(projectRoot));

/**
 * Another run of the fault suite may start processes from this very bundle: it is made aside, and each file appears whole.
 *
 * @param {string} project
 */
async function buildForFaults(project) {
  const aside = `faults-${process.pid}`;
  try {
    await build(bundleOptions(project, 'faults', aside));
    const made = dirname(bundleOptions(project, 'faults', aside).output.file);
    const place = dirname(bundleOptions(project, 'faults').output.file);
    mkdirSync(place, { recursive: true });
    for (const name of readdirSync(made)) renameSync(join(made, name), join(place, name));
  } finally {
    rmSync(join(workspaceRoot, 'dist', aside), { recursive: true, force: true });
  }
}
