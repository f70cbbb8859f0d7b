import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What a proxy does to the bytes that pass. */
export interface LinkFault {
  /** Each piece of data arrives so much later, in milliseconds. Default 0. */
  readonly latencyMs?: number;
  /** Most bytes a second, in each direction. Default: no limit. */
  readonly bytesPerSecond?: number;
  /** What is swallowed while the connections stay open. Default nothing. */
  readonly swallow?: Direction | 'both';
}

type Direction = 'requests' | 'replies';

/** One connection of a service, and the one to the store behind it. */
interface Pair {
  readonly client: Socket;
  readonly target: Socket;
  /** Directions of which something was swallowed: the ends no longer agree on what was said. */
  readonly gaps: Set<Direction>;
}

/** The most that one connection holds back; then the sender has to wait, as on a real line. */
const MOST_HELD_BYTES = 4 * 1024 * 1024;

/** A TCP connection between a service and a store on which a network's faults can be played. */
export class FaultProxy {
  private fault: LinkFault = {};
  private readonly pairs = new Set<Pair>();
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
    this.healNewLines();
    if (swallow) this.reset();
  }

  /** Connections that nothing was swallowed of are whole again, and new ones; the others stay dead without a word. */
  healNewLines(): void {
    this.fault = {};
    this.listening = 'yes';
  }

  /** Connections that something was swallowed of and that nobody has given up. */
  get deadLines(): number {
    return [...this.pairs].filter(({ gaps }) => gaps.size > 0).length;
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
    const pair: Pair = { client, target, gaps: new Set() };
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
    this.pass(pair, 'requests');
    this.pass(pair, 'replies');
  }

  private pass(pair: Pair, direction: Direction): void {
    const [from, to] = direction === 'requests' ? [pair.client, pair.target] : [pair.target, pair.client];
    const line = new SlowLine(from, to);
    from.on('data', (data: Buffer) => {
      const { swallow, ...slowness } = this.fault;
      if (swallow === direction || swallow === 'both') pair.gaps.add(direction);
      // A stream that lacks a piece is not taken up again behind the gap.
      if (!pair.gaps.has(direction)) line.send(data, slowness);
    });
  }
}

/** One direction of a connection. What is sent arrives late, and always in the order in which it was sent. */
class SlowLine {
  private readonly held: { readonly data: Buffer; readonly dueAtMs: number }[] = [];
  private heldBytes = 0;
  private lastDueAtMs = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
  ) {}

  send(data: Buffer, { latencyMs = 0, bytesPerSecond }: Omit<LinkFault, 'swallow'>): void {
    const sendingMs = bytesPerSecond === undefined ? 0 : (data.length / bytesPerSecond) * 1_000;
    this.lastDueAtMs = Math.max(performance.now() + latencyMs, this.lastDueAtMs) + sendingMs;
    this.held.push({ data, dueAtMs: this.lastDueAtMs });
    this.heldBytes += data.length;
    if (this.heldBytes > MOST_HELD_BYTES) this.from.pause();
    this.deliver();
  }

  /** Timers of different lengths may fire in any order, so that one alone waits, for the piece that is first. */
  private deliver(): void {
    clearTimeout(this.timer);
    const nowMs = performance.now();
    for (let [first] = this.held; first && first.dueAtMs <= nowMs; [first] = this.held) {
      this.held.shift();
      this.heldBytes -= first.data.length;
      if (!this.to.destroyed) this.to.write(first.data);
    }
    if (this.heldBytes <= MOST_HELD_BYTES) this.from.resume();
    const [next] = this.held;
    if (next) this.timer = setTimeout(() => this.deliver(), Math.ceil(next.dueAtMs - nowMs));
  }
}
