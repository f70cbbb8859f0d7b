// @ts-check

/**
 * The order of the end: nothing may lose the store it works on.
 *
 * @typedef {"programs" | "services" | "stores" | "files"} Stage
 */
const STAGES = /** @type {const} */ (['programs', 'services', 'stores', 'files']);

/** npm hands on the signal that the terminal has sent to everyone already; the second of the two is no second Ctrl-C. */
const ECHO_MS = 500;

/**
 * Ends everything that a launcher started, in order, once.
 */
export class Shutdown {
  /** @type {{stage: Stage, stop: () => Promise<void> | void, hasten: () => void}[]} */
  #parts = [];
  /** @type {Promise<void> | undefined} */
  #running;

  /** Whether a signal asked for the end; then errors of what is being stopped are no news. */
  interrupted = false;

  /**
   * @param {Stage} stage
   * @param {() => Promise<void> | void} stop
   * @param {() => void} [hasten] called at a second Ctrl-C while it stops
   */
  add(stage, stop, hasten = () => {}) {
    this.#parts.push({ stage, stop, hasten });
  }

  /** Stops all parts, stage by stage; a part that fails does not keep the others from stopping. */
  run() {
    this.#running ??= this.#stopAll();
    return this.#running;
  }

  /**
   * From now on SIGINT, SIGTERM and SIGHUP end everything and then the process.
   *
   * @param {number} exitCode
   */
  listen(exitCode) {
    let firstAt = 0;
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.on(signal, () => {
        if (!this.interrupted) {
          this.interrupted = true;
          firstAt = performance.now();
          console.log('\nStopping. Press Ctrl-C again to hasten.');
          void this.run().then(() => process.exit(exitCode));
        } else if (performance.now() - firstAt > ECHO_MS) {
          for (const part of this.#parts) part.hasten();
        }
      });
    }
  }

  async #stopAll() {
    for (const stage of STAGES) {
      const parts = this.#parts.filter((part) => part.stage === stage);
      const results = await Promise.allSettled(parts.map(async (part) => part.stop()));
      for (const result of results) if (result.status === 'rejected') console.error(String(result.reason));
    }
  }
}
