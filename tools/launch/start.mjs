// @ts-check
/** `npm start` runs the whole platform on this machine. */
import { launch } from './src/launch.mjs';

launch(() => import('./src/start-platform.mjs'));
