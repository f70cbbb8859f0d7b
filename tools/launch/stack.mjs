// @ts-check
/** `npm run stack` runs the stores alone. */
import { launch } from './src/launch.mjs';

launch(() => import('./src/start-stack.mjs'));
