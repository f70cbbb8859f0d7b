import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'rolldown';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundleOptions } from '../../../tools/build/options.mjs';

const ENV = { DATABASE_URL: 'postgres://localhost/none', REDIS_URL: 'redis://localhost', PATH: process.env.PATH };

interface Service {
  readonly process: ChildProcess;
  /** What it has printed so far, both ways. */
  output(): string;
  /** Resolves when it has printed the text. */
  printed(text: string): Promise<void>;
  /** Its exit code. */
  ended(): Promise<unknown>;
}

const options = bundleOptions('libs/runtime');
const bundle = join(options.cwd, 'dist', 'specs', `patient-service-${process.pid}.mjs`);
const running: Service[] = [];

beforeAll(async () => {
  const input = join(import.meta.dirname, 'testing', 'patient-service.ts');
  await build({ ...options, input, output: { ...options.output, file: bundle } });
});

afterAll(() => Promise.all([bundle, `${bundle}.map`].map((file) => rm(file, { force: true }))));

afterEach(() => {
  for (const { process } of running.splice(0)) process.kill('SIGKILL');
});

function start(env: Record<string, string> = {}, args: readonly string[] = []): Service {
  const child = spawn(process.execPath, [bundle, ...args], { env: { ...ENV, ...env } });
  const exit = once(child, 'close');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const service: Service = {
    process: child,
    output: () => output,
    printed: (text) => expect.poll(() => output, { timeout: 20_000 }).toContain(text),
    ended: async () => ((await exit) as unknown[])[0],
  };
  running.push(service);
  return service;
}

describe('a service process', () => {
  it('prints its variables for --help and refuses other arguments', async () => {
    const help = start({}, ['--help']);
    expect(await help.ended()).toBe(0);
    expect(help.output()).toMatch(/PATIENT_PORT\n.*Port to listen on\.\n.*Default: 0\./);

    const wrong = start({}, ['--port=80']);
    expect(await wrong.ended()).toBe(2);
    expect(wrong.output()).toContain('--help');
  });

  it('prints everything that is wrong with its configuration, without a stack, and exits with 1', async () => {
    const service = start({ PATIENT_PORT: 'x', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://u:hunter2@h/d' });
    expect(await service.ended()).toBe(1);
    for (const name of ['PATIENT_PORT', 'LOG_LEVEL', 'DATABASE_URL']) expect(service.output()).toContain(`- ${name}:`);
    expect(service.output()).not.toMatch(/hunter2|\n\s+at /);
  });

  it('says so and exits with 1 when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const service = start({ PATIENT_PORT: String((other.address() as AddressInfo).port) });
    expect(await service.ended()).toBe(1);
    expect(service.output()).toContain('the address is taken by another process');
    other.close();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s', async (signal) => {
    const service = start({ PATIENT_PROT: '1' });
    await service.printed('"msg":"Listening"');
    expect(service.output()).toContain('did you mean PATIENT_PORT?');
    service.process.kill(signal);
    expect(await service.ended()).toBe(0);
    expect(service.output()).toContain('"msg":"Stopped"');
  });

  it('is hastened by a second signal', async () => {
    const service = start({ PATIENT_WAITS: 'true' });
    await service.printed('"msg":"Listening"');
    service.process.kill('SIGTERM');
    await service.printed('"msg":"Shutting down"');
    service.process.kill('SIGTERM');
    expect(await service.ended()).toBe(0);
    expect(service.output()).toContain('"msg":"Hastening the shutdown"');
  });

  it('gives up with 1 when the shutdown takes too long', async () => {
    const service = start({ PATIENT_WAITS: 'true', SHUTDOWN_TIMEOUT: '0' });
    await service.printed('"msg":"Listening"');
    service.process.kill('SIGTERM');
    expect(await service.ended()).toBe(1);
    expect(service.output()).toContain('"msg":"The shutdown took too long"');
  });
});
