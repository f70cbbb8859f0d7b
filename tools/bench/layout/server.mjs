import { readFileSync } from 'node:fs';

/** CPU the server spent for one connection, in µs, from the kernel's own account of its process. */
export class BackendCpu {
  #pid;

  /** @param {number} pid of the backend; it must run on this machine */
  constructor(pid) {
    this.#pid = pid;
  }

  /** @param {import('pg').Client} client */
  static async of(client) {
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    return new BackendCpu(rows[0].pid);
  }

  /** Microseconds on a CPU so far, user and system together. */
  readUs() {
    return Number(readFileSync(`/proc/${this.#pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  }
}

/** @param {readonly number[]} values @param {number} share 0..1 */
export function quantile(values, share) {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
