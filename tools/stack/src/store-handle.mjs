// @ts-check
/** @typedef {import('./index.mjs').Store} Store */

/**
 * A running store: what `startPostgres` and `startRedis` answer.
 *
 * @implements {Store}
 */
export class StoreHandle {
  #server;
  #launch;

  /**
   * @param {{url: string, port: number, launch: () => Promise<import('./server-process.mjs').ServerProcess>}} options
   * @param {import('./server-process.mjs').ServerProcess} server
   */
  constructor({ url, port, launch }, server) {
    this.url = url;
    this.port = port;
    this.#launch = launch;
    this.#server = server;
  }

  /** @param {{url: string, port: number, launch: () => Promise<import('./server-process.mjs').ServerProcess>}} options */
  static async start(options) {
    return new StoreHandle(options, await options.launch());
  }

  get pid() {
    return this.#server.pid;
  }

  get exited() {
    return this.#server.exited;
  }

  async stop() {
    await this.#server.stop();
  }

  /** @param {NodeJS.Signals} signal */
  async kill(signal) {
    await this.#server.kill(signal);
  }

  async restart() {
    await this.#server.stop();
    this.#server = await this.#launch();
  }
}
