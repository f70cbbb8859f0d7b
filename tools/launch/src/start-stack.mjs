// @ts-check
import { showStores } from './addresses.mjs';
import { readArguments } from './arguments.mjs';
import { readDotEnv } from './environment.mjs';
import { installPackages } from './install.mjs';
import { build, migrate } from './platform-build.mjs';
import { takePlatform } from './platform-lock.mjs';
import { openPlatform } from './platform-session.mjs';
import { progress } from './progress.mjs';
import { writeStackFile } from './state-files.mjs';
import { startStores } from './stores.mjs';

const HELP = `Usage: npm run stack

Runs PostgreSQL and Redis alone (unless DATABASE_URL and REDIS_URL name some) and migrates the database, for
services that you run yourself with \`npx nx serve api\` (worker, scheduler). Ctrl-C stops them; the data stays
until \`npm run reset\`.`;

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main(args) {
  if (readArguments(args, { help: HELP }).help) return 0;
  readDotEnv();
  const running = await takePlatform('npm run stack');
  if (!running) return openPlatform(runStores);
  console.log(`The stores are running already, started by \`${running.command}\`:`);
  showStores(running.stack);
  return 0;
}

/**
 * @param {import('./platform-session.mjs').PlatformSession} session
 * @returns {Promise<string>} why it ended by itself
 */
async function runStores(session) {
  await installPackages();
  const { databaseUrl, redisUrl } = await startStores(session);
  await build(['migrate']);
  await migrate(databaseUrl);
  const stack = { databaseUrl, redisUrl, pid: process.pid, services: {} };
  writeStackFile(stack);
  progress('The stores are ready; Ctrl-C stops them');
  showStores(stack);
  return session.storeEnded;
}
