import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@millrace/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultProxy } from './fault-proxy';

/** `once` of Node.js would fail at the error that comes before it. */
const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));

describe('FaultProxy', () => {
  let target: Server;
  let proxy: FaultProxy;
  let heard: string;
  let client: Socket;
  let answers: string;

  beforeEach(async () => {
    heard = '';
    answers = '';
    target = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        heard += data.toString();
        socket.write(`answer to ${data.toString()};`);
      });
    }).listen(0, '127.0.0.1');
    await once(target, 'listening');
    proxy = await FaultProxy.start((target.address() as AddressInfo).port);
    client = await open();
  });

  afterEach(async () => {
    client.destroy();
    await proxy.close();
    target.close();
  });

  async function open(): Promise<Socket> {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.on('data', (data) => (answers += data.toString()));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  it('passes bytes on in both directions', async () => {
    client.write('a');

    await eventually(() => expect(answers).toBe('answer to a;'));
  });

  it('delays what passes', async () => {
    proxy.play({ latencyMs: 150 });
    const sentAtMs = performance.now();
    client.write('a');

    await eventually(() => expect(answers).toBe('answer to a;'));
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(295);
  });

  it('keeps the order of what passes, also when the delay goes', async () => {
    const letters = Array.from({ length: 200 }, (_, n) => `<${n}>`);
    for (const [n, letter] of letters.entries()) {
      proxy.play({ latencyMs: n < 100 ? 30 : 0 });
      client.write(letter);
      await sleep(n % 3 === 0 ? 1 : 0);
    }

    await eventually(() => expect(heard).toHaveLength(letters.join('').length));
    expect(heard).toBe(letters.join(''));
  });

  it('lets only so many bytes a second pass', async () => {
    proxy.play({ bytesPerSecond: 1_000 });
    const sentAtMs = performance.now();
    client.write('x'.repeat(200));

    await eventually(() => expect(heard).toHaveLength(200));
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(195);
  });

  it('swallows answers while the request arrives and the connection stays', async () => {
    proxy.play({ swallow: 'replies' });
    client.write('a');

    await eventually(() => expect(heard).toBe('a'));
    await sleep(50);
    expect({ answers, destroyed: client.destroyed }).toEqual({ answers: '', destroyed: false });
  });

  it('breaks what it swallowed from when it heals, and passes new connections on', async () => {
    proxy.play({ swallow: 'both' });
    client.write('a');
    const broken = closed(client);
    proxy.heal();
    await broken;

    client = await open();
    client.write('b');

    await eventually(() => expect(answers).toBe('answer to b;'));
    expect(heard).toBe('b');
  });

  it('leaves what it has swallowed dead when only new lines are healed', async () => {
    proxy.play({ swallow: 'both' });
    client.write('a');
    await eventually(() => expect(proxy.deadLines).toBe(1));
    proxy.healNewLines();
    client.write('b');
    const other = await open();
    other.write('c');

    await eventually(() => expect(answers).toBe('answer to c;'));
    expect(heard).toBe('c');

    client.destroy();
    await eventually(() => expect(proxy.deadLines).toBe(0));
    other.destroy();
  });

  it('takes no connection while it is cut', async () => {
    const broken = closed(client);
    proxy.cut();
    await broken;

    client = connect(proxy.port, '127.0.0.1');
    client.on('error', () => undefined);
    await closed(client);

    expect(heard).toBe('');
  });
});
