/** What the renewal thread is started with. */
export interface RenewalThreadData {
  /** From where the thread finds npm packages. */
  readonly moduleUrl: string;
  readonly redisUrl: string;
  readonly prefix: string;
  readonly workerId: string;
  readonly leaseMs: number;
  readonly deadLoopMs: number;
  readonly queues: readonly string[];
  /** Of `RenewalBeats`. */
  readonly beats: SharedArrayBuffer;
  /** Of `RenewalHolds`. */
  readonly holds: SharedArrayBuffer;
}
