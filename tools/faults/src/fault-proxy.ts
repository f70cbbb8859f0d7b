import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What a proxy does to the bytes that pass. */
export interface LinkFault {
  /** Each piece of data arrives so much later, in milliseconds. Default 0. */
  readonly latencyMs?: number;
  /** Most bytes a second, in each direction. Default: no limit. */
  readonly bytesPerSecond?: number;
  /** What is swallowed while the connections stay open. Default nothing. */
  readonly swallow?: 'requests' | 'replies' | 'both';
}

/** The most that one connection holds back; then the sender has to wait, as on a real line. */
const MOST_HELD_BYTES = 4 * 1024 * 1024;

/** A TCP connection between a service and a store on which a network's faults can be played. */
export class FaultProxy {
  private fault: LinkFault = {};
  private readonly pairs = new Set<{ client: Socket; target: Socket }>();
  private readonly server: Server;
  private listening: 'yes' | 'refusing' = 'yes';

  private constructor(private targetPort: number) {
    this.server = createServer({ noDelay: true }, (client) => this.accept(client));
  }

  /** Listens on a free port of 127.0.0.1 and passes everything on to another one. */
  static async start(targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Holds from now on for every connection, open or new. */
  play(fault: LinkFault): void {
    this.fault = fault;
  }

  /** Passes everything on unchanged. What was swallowed stays lost, so its connections are reset. */
  heal(): void {
    const { swallow } = this.fault;
    this.fault = {};
    this.listening = 'yes';
    if (swallow) this.reset();
  }

  /** Breaks every connection with an RST. New ones are taken. */
  reset(): void {
    for (const { client, target } of this.pairs) {
      client.resetAndDestroy();
      target.destroy();
    }
  }

  /** Breaks every connection and takes no new one. */
  cut(): void {
    this.listening = 'refusing';
    this.reset();
  }

  /** Leads to another server from now on, as an address does after a failover. */
  redirect(targetPort: number): void {
    this.targetPort = targetPort;
    this.reset();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    if (this.listening === 'refusing') {
      client.resetAndDestroy();
      return;
    }
    const target = connect({ port: this.targetPort, host: '127.0.0.1', noDelay: true });
    const pair = { client, target };
    this.pairs.add(pair);
    const end = () => {
      this.pairs.delete(pair);
      client.destroy();
      target.destroy();
    };
    for (const socket of [client, target]) {
      socket.on('error', end);
      socket.on('close', end);
    }
    this.pass(client, target, 'requests');
    this.pass(target, client, 'replies');
  }

  /** Each direction keeps its order: a piece waits for the one before it. */
  private pass(from: Socket, to: Socket, direction: 'requests' | 'replies'): void {
    let readyAtMs = 0;
    let heldBytes = 0;
    from.on('data', (data: Buffer) => {
      const { latencyMs = 0, bytesPerSecond, swallow } = this.fault;
      if (swallow === direction || swallow === 'both') return;
      const nowMs = performance.now();
      const sendingMs = bytesPerSecond === undefined ? 0 : (data.length / bytesPerSecond) * 1_000;
      readyAtMs = Math.max(nowMs + latencyMs, readyAtMs) + sendingMs;
      if (readyAtMs <= nowMs && heldBytes === 0) {
        to.write(data);
        return;
      }
      heldBytes += data.length;
      if (heldBytes > MOST_HELD_BYTES) from.pause();
      setTimeout(() => {
        heldBytes -= data.length;
        if (heldBytes <= MOST_HELD_BYTES) from.resume();
        if (!to.destroyed) to.write(data);
      }, readyAtMs - nowMs);
    });
  }
}
