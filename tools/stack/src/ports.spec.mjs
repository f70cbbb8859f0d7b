// @ts-check
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort, isFree, onFreePort, PortTakenError } from './ports.mjs';

/** @type {import('node:net').Server[]} */
const servers = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('freePort', () => {
  it('takes the next free port when the preferred one is taken', async () => {
    const taken = await listen('127.0.0.1');

    const port = await freePort(taken);

    expect(port).toBeGreaterThan(taken);
    expect(await isFree(port)).toBe(true);
  });

  it('finds a port taken that somebody else listens to on all addresses', async () => {
    const taken = await listen('0.0.0.0');

    expect(await freePort(taken)).not.toBe(taken);
  });

  it('passes over ports that are spoken for', async () => {
    const preferred = await freePort(0);

    expect(await freePort(preferred, { except: [preferred] })).not.toBe(preferred);
  });

  it('refuses a taken port that was set explicitly, and names the variable', async () => {
    const taken = await listen('127.0.0.1');

    const refusal = freePort(taken, { explicit: 'API_PORT' });

    await expect(refusal).rejects.toThrow(PortTakenError);
    await expect(refusal).rejects.toThrow(/API_PORT/);
  });
});

/** @param {string} host */
async function listen(host) {
  const server = createServer();
  servers.push(server);
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address.port;
}

describe('onFreePort', () => {
  it('tries another port when somebody was quicker, and gives up when it happens again and again', async () => {
    /** @type {number[]} */
    const tried = [];
    const started = await onFreePort(async (port) => {
      tried.push(port);
      if (tried.length < 3) throw new PortTakenError(port);
      return 'started';
    });

    expect(started).toBe('started');
    expect(tried).toHaveLength(3);
    await expect(onFreePort((port) => Promise.reject(new PortTakenError(port)))).rejects.toThrow(PortTakenError);
  });

  it('does not repeat what failed for another reason', async () => {
    let tries = 0;
    const failing = onFreePort(() => {
      tries += 1;
      return Promise.reject(new Error('no disk'));
    });

    await expect(failing).rejects.toThrow('no disk');
    expect(tries).toBe(1);
  });
});
