/** Where a connection leads; the fields of the client library's options that may change between two attempts. */
export interface NodeAddress {
  host?: string | undefined;
  port?: number | undefined;
}

/** After so many failed attempts in a row the node is taken for gone, and the configured address is asked again. */
const LOST_AFTER_ATTEMPTS = 3;

/**
 * Leads one connection to the node of a Redis Cluster that owns the keys. The hash tag of the prefix puts all of them
 * into one slot, so that one node serves everything and its `MOVED` answer names it.
 */
export class ClusterNode {
  private readonly configured: NodeAddress;

  /** `address` is the options object of the connection: what it says counts at the next attempt to connect. */
  constructor(private readonly address: NodeAddress) {
    this.configured = { host: address.host, port: address.port };
  }

  /** Follows an error that names another node. Returns whether it did, so that the connection has to be made anew. */
  followIfMoved(message: string): boolean {
    const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(message) ?? [];
    if (host === undefined) return false;
    // A node that does not know its own address leaves the host out: it means the one that was asked.
    if (host !== '') this.address.host = host;
    this.address.port = Number(port);
    return true;
  }

  /** Returns to the configured address when the node it was led to does not answer. */
  returnIfLost(attempts: number): void {
    if (attempts % (LOST_AFTER_ATTEMPTS + 1) === LOST_AFTER_ATTEMPTS) Object.assign(this.address, this.configured);
  }
}
