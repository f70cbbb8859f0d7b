import { lookup as lookUpAll, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { NonRetryableError } from '@millrace/runner';

/** What a connection is given by a lookup. */
type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** Thrown instead of connecting: the address is not one of the public Internet. */
export class PrivateAddress extends NonRetryableError {
  constructor(host: string) {
    super(`${host} is not a public address; HTTP_REQUEST_ALLOW_PRIVATE=true lets http_request reach private networks`);
    this.name = 'PrivateAddress';
  }
}

/**
 * Whether an address is of the public Internet. Everything else is refused: loopback, private, link-local (cloud
 * metadata), carrier NAT, multicast, documentation, and IPv6 forms that stand for an IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  try {
    // `process` reads ::ffff:127.0.0.1 as 127.0.0.1.
    return ipaddr.process(address.split('%')[0] ?? '').range() === 'unicast';
  } catch {
    return false;
  }
}

/** Throws `PrivateAddress` for a URL whose host is written as an address that is not public: such a one is never looked up. */
export function refusePrivateHost(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw new PrivateAddress(host);
}

/**
 * A lookup for connections that fails with `PrivateAddress` when a name stands for any address that is not public. The
 * check is made on the very addresses that are connected to, so that a name cannot change between check and use.
 */
export function lookUpPublic(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  lookUpAll(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '');
    const [first] = addresses;
    if (!first || !addresses.every(({ address }) => isPublicAddress(address))) {
      return callback(new PrivateAddress(hostname), '');
    }
    return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
  });
}
