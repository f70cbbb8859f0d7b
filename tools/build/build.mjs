// @ts-check
/**
 * Bundles one service: `node tools/build/build.mjs apps/api` writes `dist/apps/api/main.js`. With `--faults` it writes a
 * test build with fault points in it, `dist/faults/apps/api/main.js`.
 */
import { build } from 'rolldown';
import { bundleOptions } from './options.mjs';

const [projectRoot, option] = process.argv.slice(2);
if (!projectRoot || (option !== undefined && option !== '--faults')) {
  console.error('Usage: node tools/build/build.mjs <project folder> [--faults], for example apps/api');
  process.exit(2);
}
await build(bundleOptions(projectRoot, option === '--faults' ? 'faults' : 'production'));
