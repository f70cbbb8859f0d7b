// @ts-check
import { join } from 'node:path';
import { stopRecorded } from '../../stack/src/index.mjs';
import { LaunchError } from './launch-error.mjs';
import { unlock } from './lock-file.mjs';
import { stopPrograms } from './run-program.mjs';
import { Shutdown } from './shutdown.mjs';
import { removeStackFile, stateFiles } from './state-files.mjs';
import { stopLeftovers } from './stores.mjs';

/** What runs under this launcher; it ends in order, however it ends. */
export class PlatformSession {
  #shutdown = new Shutdown();
  /** @type {(reason: string) => void} */
  #reportStoreEnd = () => {};

  constructor() {
    /** Resolves when a store has ended by itself. @type {Promise<string>} */
    this.storeEnded = new Promise((resolve) => {
      this.#reportStoreEnd = resolve;
    });
    // Whoever asks from now on waits for the end instead of being sent to addresses that close.
    this.#shutdown.add('programs', removeStackFile);
    this.#shutdown.add('programs', stopPrograms);
    this.#shutdown.add('files', endOfSession);
    // Ctrl-C is how it is meant to end.
    this.#shutdown.listen(0);
  }

  /** Whether there is anything to stop. */
  hasParts = false;

  get interrupted() {
    return this.#shutdown.interrupted;
  }

  /** @param {import('./service.mjs').Service} service */
  addService(service) {
    this.hasParts = true;
    this.#shutdown.add(
      'services',
      () => service.stop(),
      () => service.hasten(),
    );
  }

  /**
   * @param {string} name
   * @param {import('../../stack/src/index.mjs').Store} store
   * @param {string} logFile
   */
  addStore(name, store, logFile) {
    this.hasParts = true;
    this.#shutdown.add('stores', () => store.stop());
    void store.exited.then((reason) => this.#reportStoreEnd(`${name} ended (${reason}). Its log is ${logFile}.`));
  }

  async end() {
    await this.#shutdown.run();
  }
}

/**
 * Runs the platform, or a part of it, until it ends; the platform's lock must be held.
 *
 * @param {(session: PlatformSession) => Promise<string>} run answers when something ended by itself, and says what
 * @returns {Promise<never>} it ends by a signal (the process exits), or by an error
 * @throws {LaunchError}
 */
export async function openPlatform(run) {
  const session = new PlatformSession();
  try {
    removeStackFile();
    await stopLeftovers();
    throw new LaunchError(await run(session));
  } catch (error) {
    // What fails while everything is being stopped was stopped; the process exits when that is done.
    if (session.interrupted) return await new Promise(() => {});
    if (session.hasParts) console.log('Stopping what was started');
    await session.end();
    throw error;
  }
}

async function endOfSession() {
  // A store whose start was interrupted is known by its record alone.
  await stopRecorded(join(stateFiles.postgres, 'process.json'), { signal: 'SIGINT' });
  await stopRecorded(join(stateFiles.redis, 'process.json'));
  await stopRecorded(stateFiles.services);
  unlock(stateFiles.lock);
}
