import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerAddress } from 'smtp-server';

/**
 * The mail server that `send_email` tasks deliver to. It counts for itself.
 *
 * - `grey-…` is put off with 451 the first time, `nobody-…` is refused with 550, everyone else gets mail.
 */
export class Mailbox {
  /** How many messages each address got. */
  readonly received = new Map<string, number>();
  private readonly putOff = new Set<string>();
  private readonly server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onRcptTo: ({ address }, _session, callback) => callback(this.refusalOf(address)),
    onData: (stream, session, callback) => {
      stream.resume();
      stream.once('end', () => {
        for (const recipient of session.envelope.rcptTo) this.receive(recipient);
        callback();
      });
    },
  });

  /** Listens on a free port of this machine; answers its URL. */
  async start(): Promise<string> {
    // A client that hangs up in the middle is the client's affair: its task fails and is counted there.
    this.server.on('error', () => {});
    const listening = this.server.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    return `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(resolve));
  }

  private receive({ address }: SMTPServerAddress): void {
    this.received.set(address, (this.received.get(address) ?? 0) + 1);
  }

  private refusalOf(address: string): Error | null {
    if (address.startsWith('nobody-')) return refusal(550, 'No such mailbox');
    if (!address.startsWith('grey-') || this.putOff.has(address)) return null;
    this.putOff.add(address);
    return refusal(451, 'Greylisted, try again');
  }
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
