// @ts-check
/** `npm run test:faults` plays faults on a platform under load and lets a checker judge what became of its promises. */
import { launch } from './src/launch.mjs';

launch(() => import('./src/run-faults.mjs'));
