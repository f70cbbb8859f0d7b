import { runDemo } from './run-demo';
import { InvalidSettings, readSettings } from './settings';

try {
  process.exitCode = (await runDemo(readSettings(process.argv.slice(2), process.env))) ? 0 : 1;
} catch (error) {
  console.error(error instanceof InvalidSettings ? error.message : error);
  process.exitCode = 1;
}
