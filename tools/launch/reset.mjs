// @ts-check
/** `npm run reset` removes the local data. */
import { launch } from './src/launch.mjs';

launch(() => import('./src/reset-data.mjs'));
