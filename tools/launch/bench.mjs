// @ts-check
/** `npm run bench` measures how fast tasks are recorded and drained. */
import { launch } from './src/launch.mjs';

launch(() => import('./src/run-bench.mjs'));
