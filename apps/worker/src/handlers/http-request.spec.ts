import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NonRetryableError, RetryAfterError } from '@millrace/runner';
import { configWith, contextOf } from './handler.fixture';
import { HttpRequestHandler } from './http-request.handler';
import { isPublicAddress, PrivateAddress } from './public-addresses';
import { retryAfterMs } from './retry-after';

interface Seen {
  readonly method: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('http_request', () => {
  const open = new HttpRequestHandler(configWith({ httpRequestAllowPrivate: true }));
  const guarded = new HttpRequestHandler(configWith({}));
  const seen: Seen[] = [];
  let server: Server;
  let base: string;

  beforeAll(async () => {
    server = createServer((request, response) => void answer(request, response, seen));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    await Promise.all([open.onApplicationShutdown(), guarded.onApplicationShutdown()]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('succeeds on 2xx with status, headers and body', async () => {
    const result = await open.handle({ url: `${base}/ok` }, contextOf());

    expect(result).toMatchObject({ status: 200, body: 'fine' });
    expect(result.headers['content-type']).toBe('text/plain');
    expect(seen.at(-1)?.method).toBe('GET');
  });

  it('sends a body as JSON, the headers it is given, and the task id as idempotency key', async () => {
    await open.handle({ url: `${base}/ok`, body: { a: 1 }, headers: { 'X-Key': 'k' } }, contextOf({ taskId: 't-9' }));

    expect(seen.at(-1)).toMatchObject({ method: 'POST', body: '{"a":1}' });
    expect(seen.at(-1)?.headers).toMatchObject({
      'x-key': 'k',
      'content-type': 'application/json',
      'idempotency-key': 't-9',
    });
  });

  it('sends a text as it is, and lets the headers name another key', async () => {
    const headers = { 'Idempotency-Key': 'mine', 'content-type': 'text/csv' };
    await open.handle({ url: `${base}/ok`, method: 'PUT', body: 'a;b', headers }, contextOf());

    expect(seen.at(-1)).toMatchObject({ method: 'PUT', body: 'a;b' });
    expect(seen.at(-1)?.headers).toMatchObject({ 'idempotency-key': 'mine', 'content-type': 'text/csv' });
  });

  it('keeps the first 64 KiB of a body', async () => {
    const result = await open.handle({ url: `${base}/large` }, contextOf());

    expect(result.body).toHaveLength(64 * 1024);
    expect(result.body_truncated).toBe(true);
  });

  it.each([301, 404, 500])('fails on %i and tells no query', async (status) => {
    const failed = open.handle({ url: `${base}/status/${status}?token=secret` }, contextOf());

    await expect(failed).rejects.toThrow(`GET ${base}/status/${status} answered ${status}`);
    await expect(failed).rejects.not.toThrow(/secret/);
  });

  it('waits as long as the server asks', async () => {
    const failed = open.handle({ url: `${base}/busy` }, contextOf());

    await expect(failed).rejects.toThrow(RetryAfterError);
    await expect(failed).rejects.toMatchObject({ delayMs: 7_000 });
  });

  it('fails when no answer comes in time', async () => {
    const failed = open.handle({ url: `${base}/never`, timeout: '50ms' }, contextOf());

    await expect(failed).rejects.toThrow(`${base}/never did not answer within 50ms`);
  });

  it('stops when it is aborted', async () => {
    const abort = new AbortController();
    const waiting = open.handle({ url: `${base}/never` }, contextOf({ signal: abort.signal }));
    abort.abort(new Error('cancelled'));

    await expect(waiting).rejects.toThrow('cancelled');
  });

  it('fails, to be retried, when nobody listens', async () => {
    const failed = open.handle({ url: 'http://127.0.0.1:1/' }, contextOf());

    await expect(failed).rejects.toThrow(/ECONNREFUSED|bad port/);
    await expect(failed).rejects.not.toBeInstanceOf(NonRetryableError);
  });

  it.each([
    () => `${base}/ok`,
    () => base.replace('127.0.0.1', 'localhost'),
    () => base.replace('127.0.0.1', '[::ffff:127.0.0.1]'),
    () => base.replace('127.0.0.1', '0x7f.1'),
    () => 'http://169.254.169.254/latest/meta-data/',
    () => 'http://10.0.0.1/',
    () => 'http://[fd00::1]/',
  ])('reaches no private address: case %#', async (url) => {
    const before = seen.length;

    await expect(guarded.handle({ url: url() }, contextOf())).rejects.toThrow(PrivateAddress);
    expect(seen).toHaveLength(before);
  });

  it.each([
    [{}, /url/],
    [{ url: 'ftp://example.com' }, /url/],
    [{ url: 'http://example.com', method: 'TRACE' }, /method/],
    [{ url: 'http://example.com', headers: { Host: 'x' } }, /headers/],
    [{ url: 'http://example.com', headers: { a: 'b\r\nc: d' } }, /headers/],
    [{ url: 'http://example.com', headers: { a: 1 } }, /headers/],
    [{ url: 'http://example.com', timeout: 'soon' }, /timeout/],
    [{ url: 'http://example.com', retries: 3 }, /retries/],
  ])('refuses %j for good', async (payload, field) => {
    const refused = open.handle(payload, contextOf());
    await expect(refused).rejects.toThrow(NonRetryableError);
    await expect(refused).rejects.toThrow(field);
  });
});

describe('public addresses', () => {
  it.each(['93.184.216.34', '2606:2800:220:1::1'])('%s is one', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1'],
    ...['255.255.255.255', '198.18.0.1', '::1', '::', 'fe80::1', 'fe80::1%eth0', 'fc00::1', '::ffff:10.0.0.1'],
    ...['64:ff9b::7f00:1', '2002:7f00:1::', 'ff02::1', 'nonsense', ''],
  ])('%j is none', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('Retry-After', () => {
  const nowMs = Date.parse('2026-01-01T00:00:00Z');

  it.each([
    ['0', 0],
    ['120', 120_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['soon', null],
    [undefined, null],
  ])('%j is %j ms', (header, ms) => {
    expect(retryAfterMs(header, nowMs)).toBe(ms);
  });
});

async function answer(request: IncomingMessage, response: ServerResponse, seen: Seen[]): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  seen.push({ method: request.method, headers: request.headers, body: Buffer.concat(chunks).toString() });
  const path = request.url ?? '/';
  const status = /^\/status\/(\d+)/.exec(path)?.[1];
  if (path === '/never') return;
  if (status) response.writeHead(Number(status), { location: '/ok' }).end('no');
  else if (path === '/busy') response.writeHead(503, { 'retry-after': '7' }).end();
  else if (path === '/large') response.end('x'.repeat(1_000_000));
  else response.writeHead(200, { 'content-type': 'text/plain' }).end('fine');
}
