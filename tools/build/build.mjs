// @ts-check
/** Bundles one service: `node tools/build/build.mjs apps/api` writes `dist/apps/api/main.js`. */
import { build } from 'rolldown';
import { bundleOptions } from './options.mjs';

const projectRoot = process.argv[2];
if (!projectRoot) {
  console.error('Usage: node tools/build/build.mjs <project folder>, for example apps/api');
  process.exit(2);
}
await build(bundleOptions(projectRoot));
