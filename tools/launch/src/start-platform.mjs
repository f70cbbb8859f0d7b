// @ts-check
import { freePort, recordProcesses } from '../../stack/src/index.mjs';
import { showPlatform } from './addresses.mjs';
import { readArguments } from './arguments.mjs';
import { portSetting, readDotEnv } from './environment.mjs';
import { installPackages } from './install.mjs';
import { LaunchError } from './launch-error.mjs';
import { build, migrate } from './platform-build.mjs';
import { takePlatform } from './platform-lock.mjs';
import { openPlatform } from './platform-session.mjs';
import { progress } from './progress.mjs';
import { startService } from './service.mjs';
import { logFolder, stateFiles, writeStackFile } from './state-files.mjs';
import { startStores } from './stores.mjs';

const HELP = `Usage: npm start

Runs the whole platform on this machine: PostgreSQL and Redis (unless DATABASE_URL and REDIS_URL name some),
api, worker and scheduler. Ctrl-C stops everything; the data stays until \`npm run reset\`.
API_PORT, WORKER_PORT, SCHEDULER_PORT and HOST say where the services listen.`;

/** @type {readonly import('./service.mjs').ServiceKind[]} */
const SERVICES = [
  { name: 'api', portVariable: 'API_PORT', defaultPort: 3000 },
  { name: 'worker', portVariable: 'WORKER_PORT', defaultPort: 3001 },
  { name: 'scheduler', portVariable: 'SCHEDULER_PORT', defaultPort: 3002 },
];

/** @typedef {import('./platform-session.mjs').PlatformSession} PlatformSession */

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main(args) {
  if (readArguments(args, { help: HELP }).help) return 0;
  readDotEnv();
  const running = await takePlatform('npm start');
  if (!running) return openPlatform(runPlatform);
  if (!running.stack.services.api) {
    throw new LaunchError(
      `\`${running.command}\` (process ${running.stack.pid}) runs the stores here already. ` +
        'Stop it with Ctrl-C and run `npm start` again, or run the services on it with `npx nx serve api`.',
    );
  }
  console.log('The platform is running already:');
  showPlatform(running.stack);
  return 0;
}

/**
 * @param {PlatformSession} session
 * @returns {Promise<string>} why it ended by itself
 */
async function runPlatform(session) {
  const ports = await choosePorts();
  await installPackages();
  const stores = await startStores(session);
  await build(['api', 'worker', 'scheduler', 'migrate']);
  await migrate(stores.databaseUrl);
  const services = await startServices(ports, stores, session);
  const addresses = Object.fromEntries(services.map(({ name, address }) => [name, address]));
  const stack = { databaseUrl: stores.databaseUrl, redisUrl: stores.redisUrl, pid: process.pid, services: addresses };
  writeStackFile(stack);
  progress('The platform is ready; Ctrl-C stops it');
  showPlatform(stack);
  return Promise.race([session.storeEnded, ...services.map(endOf)]);
}

/** @returns {Promise<number[]>} one a service, all different; an explicit one is refused at once when it is taken */
async function choosePorts() {
  const settings = SERVICES.map(({ portVariable }) => portSetting(portVariable));
  /** @type {number[]} */
  const chosen = [];
  for (const [index, { portVariable, defaultPort }] of SERVICES.entries()) {
    const explicit = settings[index] === undefined ? undefined : portVariable;
    const spokenFor = settings.filter((port, other) => other !== index && port !== undefined);
    const except = explicit ? chosen : [...chosen, .../** @type {number[]} */ (spokenFor)];
    chosen.push(await freePort(settings[index] ?? defaultPort, { explicit, host: host(), except }));
  }
  return chosen;
}

/**
 * @param {readonly number[]} ports
 * @param {import('./stores.mjs').Stores} stores
 * @param {PlatformSession} session
 */
async function startServices(ports, { databaseUrl, redisUrl }, session) {
  progress('Starting api, worker and scheduler');
  const env = {
    ...process.env,
    NODE_ENV: process.env.NODE_ENV ?? 'development',
    HOST: host(),
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
  };
  /** @type {number[]} */
  const pids = [];
  return Promise.all(
    SERVICES.map((kind, index) =>
      startService(kind, {
        host: host(),
        port: Number(ports[index]),
        env,
        logFolder: logFolder(),
        except: ports,
        onStart: (service) => {
          session.addService(service);
          pids.push(service.pid);
          recordProcesses(
            stateFiles.services,
            pids.filter((pid) => pid !== 0),
          );
        },
      }).then((service) => {
        progress(`The ${kind.name} is ready at ${service.address}`);
        return service;
      }),
    ),
  );
}

/**
 * @param {import('./service.mjs').Service} service
 * @returns {Promise<string>}
 */
async function endOf(service) {
  const reason = await service.exited;
  return `The ${service.name} ended (${reason}). Its log, ${service.logFile}, ends with:\n${service.lastWords()}`;
}

function host() {
  return process.env.HOST || '127.0.0.1';
}
