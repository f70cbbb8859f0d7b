// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { countsOf, submitAll } from '../platform/rest.mjs';

/** A worker always has something to take, and the table of what waits stays small beside the rest. */
const LEAST = 5_000;
const BULK = 1_000;
const TYPE = 'noop';

/** Keeps so many tasks waiting that a drain goes on as long as it is wanted. */
export class Backlog {
  #ending = false;
  /** @type {Promise<void>} */
  #filling = Promise.resolve();

  /** @param {string} url of the api */
  constructor(url) {
    this.url = url;
  }

  async begin() {
    await this.#topUp();
    this.#filling = this.#keepFilled();
  }

  async end() {
    this.#ending = true;
    await this.#filling;
  }

  /** @returns {Promise<number>} how many tasks have been run by now */
  async done() {
    return (await this.#counts()).success;
  }

  async #keepFilled() {
    while (!this.#ending) {
      await this.#topUp();
      await sleep(50);
    }
  }

  async #topUp() {
    const { pending } = await this.#counts();
    for (let waiting = pending; waiting < 2 * LEAST && pending < LEAST; waiting += BULK) await this.#submit();
  }

  async #submit() {
    const tasks = Array.from({ length: BULK }, () => ({ type: TYPE, payload: {} }));
    await submitAll(this.url, tasks);
  }

  #counts() {
    return countsOf(this.url, TYPE);
  }
}
