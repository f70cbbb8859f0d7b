/** Where the record lives and how many connections one process may use. */
export class StoreOptions {
  /** `postgresql://user:password@host:port/database`. */
  readonly databaseUrl: string;
  /** Most connections of this process. Default 10. Keep processes x poolSize below 80 % of `max_connections`. */
  readonly poolSize: number;
  /** Shown in `pg_stat_activity`, so that an operator sees whose connection it is. Default `millrace`. */
  readonly applicationName: string;
  /** How long `openStore` waits for a server that does not answer yet, in milliseconds. Default 30,000. */
  readonly openTimeoutMs: number;

  constructor(options: {
    readonly databaseUrl: string;
    readonly poolSize?: number;
    readonly applicationName?: string;
    readonly openTimeoutMs?: number;
  }) {
    this.databaseUrl = options.databaseUrl;
    this.poolSize = options.poolSize ?? 10;
    this.applicationName = options.applicationName ?? 'millrace';
    this.openTimeoutMs = options.openTimeoutMs ?? 30_000;
  }
}
