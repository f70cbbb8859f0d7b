// @ts-check
/** `npm run demo` sends a mixed workload through the platform and checks every count. */
import { launch } from './src/launch.mjs';

launch(() => import('./src/run-demo.mjs'));
