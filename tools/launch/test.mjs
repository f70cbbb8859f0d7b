// @ts-check
/** `npm test` checks everything on stores of its own. */
import { launch } from './src/launch.mjs';

launch(() => import('./src/run-tests.mjs'));
