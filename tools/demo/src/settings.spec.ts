import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiClient } from '@millrace/testing';
import { describe, expect, it } from 'vitest';
import { InvalidSettings, readSettings } from './settings';

const ENV = { API_URL: 'http://127.0.0.1:1', DATABASE_URL: 'postgres://x', REDIS_URL: 'redis://x' };

/** The `Authorization` header that a demo with this environment sends. */
async function sentBy(env: Readonly<Record<string, string>>): Promise<string | undefined> {
  const heard: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers.authorization);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const settings = readSettings([], { ...ENV, ...env, API_URL: `http://127.0.0.1:${port}` });
    await new ApiClient(settings.apiUrl, settings).stats();
  } finally {
    server.close();
  }
  return heard[0];
}

describe('the settings of the demo', () => {
  it('carry the API key from the environment into every call, and none when there is none', async () => {
    expect(await sentBy({ API_KEY: 'secret' })).toBe('Bearer secret');
    expect(await sentBy({ API_KEY: '' })).toBeUndefined();
    expect(await sentBy({})).toBeUndefined();
  });

  it('are refused without an address, and with a number of tasks that is none', () => {
    expect(() => readSettings([], { ...ENV, REDIS_URL: '' })).toThrow(InvalidSettings);
    expect(() => readSettings(['--tasks', 'many'], ENV)).toThrow(InvalidSettings);
  });
});
