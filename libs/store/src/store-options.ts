/** Where the record lives and how many connections one process may use. */
export class StoreOptions {
  /** `postgresql://user:password@host:port/database`. */
  readonly databaseUrl: string;
  /** Most connections of this process. Default 10. Keep processes x poolSize below 80 % of `max_connections`. */
  readonly poolSize: number;
  /** Shown in `pg_stat_activity`, so that an operator sees whose connection it is. Default `millrace`. */
  readonly applicationName: string;
  /**
   * Which plans the server may choose for this process. `by_key`: rows are looked up through indexes, one by one. For a worker,
   * whose statements all name their rows: a table that is empty when a statement is planned would be read whole for each batch
   * ever after, however it has grown. Default `any`.
   */
  readonly plans: 'any' | 'by_key';
  /** How long `openStore` waits for a server that does not answer yet, in milliseconds. Default 30,000. */
  readonly openTimeoutMs: number;

  constructor(options: {
    readonly databaseUrl: string;
    readonly poolSize?: number;
    readonly applicationName?: string;
    readonly plans?: 'any' | 'by_key';
    readonly openTimeoutMs?: number;
  }) {
    this.databaseUrl = options.databaseUrl;
    this.poolSize = options.poolSize ?? 10;
    this.applicationName = options.applicationName ?? 'millrace';
    this.plans = options.plans ?? 'any';
    this.openTimeoutMs = options.openTimeoutMs ?? 30_000;
  }
}
