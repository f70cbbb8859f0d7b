import { runDemo } from './run-demo';
import { InvalidSettings, readSettings } from './settings';

/** Somebody pressed Ctrl-C, or stopped the program. */
class Interrupted extends Error {}

const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => reject(new Interrupted(`Stopped by ${signal}`)));
});
// Before and after the run nobody waits for it.
interrupted.catch(() => {});

try {
  process.exitCode = (await runDemo(readSettings(process.argv.slice(2), process.env), interrupted)) ? 0 : 1;
} catch (error) {
  const forPeople = error instanceof InvalidSettings || error instanceof Interrupted;
  console.error(forPeople ? error.message : error);
  process.exitCode = 1;
}
// What an interrupted run was still about to submit is not waited for.
process.exit();
