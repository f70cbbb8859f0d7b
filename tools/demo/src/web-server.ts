import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The web server that `http_request` tasks call. It counts for itself, so that its word can be held against Millrace's.
 *
 * - `/fine/…` answers 200, `/broken/…` answers 500.
 * - `/busy/…` answers 503 with `Retry-After: 1` to the first request of each path and 200 to the next.
 */
export class WebServer {
  /** All requests, whatever the answer. */
  requests = 0;
  /** How often each path was answered 200. */
  readonly served = new Map<string, number>();
  private readonly putOff = new Set<string>();
  private readonly server = createServer((request, response) => this.answer(request, response));

  /** Listens on a free port of this machine; answers its address. */
  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/';
    this.requests += 1;
    request.resume();
    request.once('end', () => {
      if (path.startsWith('/broken/')) {
        response.writeHead(500).end();
      } else if (path.startsWith('/busy/') && !this.putOff.has(path)) {
        this.putOff.add(path);
        response.writeHead(503, { 'retry-after': '1' }).end();
      } else {
        this.served.set(path, (this.served.get(path) ?? 0) + 1);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"received":true}');
      }
    });
  }
}
