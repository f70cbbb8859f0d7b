// @ts-check
import { createServer } from 'node:net';
import { StackError } from './stack-error.mjs';

/** How many ports after the preferred one are tried. */
const ATTEMPTS = 100;
/** How often in a row somebody else may be quicker to take a port. */
const RACES = 5;

/** Thrown when a port that was asked for explicitly is taken. */
export class PortTakenError extends StackError {
  /**
   * @param {number} port
   * @param {string} [variable] the environment variable that named it
   */
  constructor(port, variable) {
    const cure = variable ? `: stop what listens there, or set ${variable} to another port` : '';
    super(`Port ${port} is taken${cure}.`);
    this.port = port;
  }
}

/**
 * Finds a free TCP port.
 *
 * @param {number} preferred tried first; 0 lets the system choose any free port
 * @param {object} [options]
 * @param {string} [options.explicit] name of the variable that set the port; then no other port will do
 * @param {string} [options.host] the address to listen on, default 127.0.0.1
 * @param {readonly number[]} [options.except] ports that are spoken for, though nobody listens on them yet
 * @returns {Promise<number>} a port that was free a moment ago: whoever listens must still be ready to find it taken
 * @throws {PortTakenError} when the port was set explicitly and is taken
 */
export async function freePort(preferred, { explicit, host = '127.0.0.1', except = [] } = {}) {
  if (preferred === 0) return listenOnce(0, host);
  if (explicit) {
    if (except.includes(preferred) || !(await isFree(preferred, host))) throw new PortTakenError(preferred, explicit);
    return preferred;
  }
  const last = Math.min(preferred + ATTEMPTS, 65_535);
  for (let port = preferred; port <= last; port++) {
    if (!except.includes(port) && (await isFree(port, host))) return port;
  }
  throw new StackError(`No free port between ${preferred} and ${last}.`);
}

/**
 * Starts something on any free port, and on another one when somebody was quicker to take it.
 *
 * @template T
 * @param {(port: number) => Promise<T>} start
 * @returns {Promise<T>}
 * @throws {PortTakenError} when that happened several times in a row
 */
export async function onFreePort(start) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(await listenOnce(0, '127.0.0.1'));
    } catch (error) {
      if (!(error instanceof PortTakenError) || tries >= RACES) throw error;
    }
  }
}

/**
 * Whether nobody listens on a port.
 *
 * @param {number} port
 * @param {string} [host] default 127.0.0.1
 */
export async function isFree(port, host = '127.0.0.1') {
  try {
    await listenOnce(port, host);
    return true;
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE') || isErrno(error, 'EACCES')) return false;
    throw error;
  }
}

/**
 * @param {number} port
 * @param {string} host
 * @returns {Promise<number>}
 */
function listenOnce(port, host) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const chosen = typeof address === 'object' && address ? address.port : port;
      server.close(() => resolve(chosen));
    });
  });
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function isErrno(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}
